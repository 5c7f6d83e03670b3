"""Two small models whose intents tell which of them answered."""

from pathlib import Path
from shutil import copyfile

from ivr.nlu.engine import DATA

WORDS = {
    "balance": ("деньги", "баланс", "счёт", "рубли", "остаток"),
    "operator": ("оператор", "человек", "специалист", "сотрудник", "консультант"),
}
AROUND = ("нужен {}", "скажи про {}", "мне {} пожалуйста", "{} сейчас", "где мой {}")
ASKED = "подскажите {}"


def write_data(folder: Path, name: str, *, swapped: bool = False) -> Path:
    """Training data with the intents `<name>_balance` and `<name>_operator`, ten phrases to test.

    `swapped` puts each phrase to the other intent in training only: a model that is always wrong.
    """
    (folder / "nlu").mkdir(parents=True)
    for file in ("config.yml", "requirements-rasa.txt"):
        copyfile(DATA / file, folder / file)
    intents = {f"{name}_{wish}": words for wish, words in WORDS.items()}
    trained = dict(zip(intents, reversed(intents.values()), strict=True)) if swapped else intents
    _write(folder / "nlu" / "all.yml", trained, AROUND)
    _write(folder / "test.yml", intents, (ASKED,))
    names = "".join(f"- {intent}\n" for intent in intents)
    (folder / "domain.yml").write_text(f'version: "3.1"\nintents:\n{names}', "utf-8")
    (folder / "gate.toml").write_text("accuracy = 0.8\nmacro_f1 = 0.8\nfalse_accepts = 0.1\n")
    return folder


def _write(file: Path, intents: dict[str, tuple[str, ...]], around: tuple[str, ...]) -> None:
    blocks = (
        f"- intent: {intent}\n  examples: |\n"
        + "".join(f"    - {form.format(word)}\n" for form in around for word in words)
        for intent, words in intents.items()
    )
    file.write_text('version: "3.1"\nnlu:\n' + "".join(blocks), "utf-8")
