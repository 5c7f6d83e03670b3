"""The page in a real browser: a trainer with a keyboard, a mouse, and two tabs."""

from collections.abc import Callable, Iterator

import pytest
from selenium.common.exceptions import NoSuchElementException, StaleElementReferenceException
from selenium.webdriver import ActionChains, Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

from ivr.nlu.training import validate
from ivr.review.journal import Choice
from ivr.review.spoken import NEUTRAL_PHONES
from tests.browser import browser, page_faults
from tests.integration.review.conftest import TOKEN, Review, Served

pytestmark = pytest.mark.integration

DENIED = "20261121-100000-aa01:1"
PAIR = "20261121-100700-aa02:1"
TARIFF = "20261121-102100-aa04:1"
SILENT = "20261121-104200-aa07:1"
UNRECORDED = "20261121-102800-aa05:1"


class Trainer:
    """Somebody at the page."""

    def __init__(self, driver: Chrome) -> None:
        self.driver = driver

    def wait(self, condition: Callable[[Chrome], object], what: str) -> None:
        # The page draws words anew when the program answers.
        redrawn = [StaleElementReferenceException, NoSuchElementException]
        WebDriverWait(self.driver, 60, ignored_exceptions=redrawn).until(condition, what)

    def script(self, expression: str) -> object:
        return self.driver.execute_script(f"return {expression}")

    def press(self, *keys: str) -> None:
        ActionChains(self.driver).send_keys(*keys).perform()

    def one(self, selector: str) -> WebElement:
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def open(self, address: str) -> None:
        self.driver.get(address)
        self.ready()

    def ready(self) -> None:
        """Until the item in the middle is drawn with its suggestions."""
        self.wait(
            lambda _: self.script("!!(item && item.key === current && checked && !busy)"), "an item"
        )

    def at(self, key: str) -> None:
        self.wait(lambda _: self.script(f"current === '{key}' && !!checked && !busy"), key)

    def go(self, key: str) -> None:
        """With the arrow keys."""
        order = self.script("shown().map((row) => row.key)")
        assert isinstance(order, list)
        steps = order.index(key) - order.index(self.script("current"))
        for _ in range(abs(steps)):
            here = self.script("current")
            self.press(Keys.ARROW_DOWN if steps > 0 else Keys.ARROW_UP)
            self.wait(lambda _, here=here: self.script("current") != here, "a move")
            self.ready()
        self.at(key)

    def count(self, said: str) -> None:
        self.wait(lambda _: self.one("#count").text == said, said)


@pytest.fixture(scope="module")
def driver() -> Iterator[Chrome]:
    with browser() as opened:
        yield opened


@pytest.fixture
def trainer(driver: Chrome, page: Served) -> Iterator[Trainer]:
    driver.get("about:blank")
    page_faults(driver)  # what another test's page still told
    person = Trainer(driver)
    person.open(page.address)
    yield person
    assert page_faults(driver) == []


def test_a_review_by_keyboard_from_the_first_turn_to_the_files(
    trainer: Trainer, review: Review
) -> None:
    total = len(review.desk.items)
    trainer.count(f"0 из {total}")

    trainer.go(PAIR)
    trainer.press("e")
    trainer.press("мой интернет журавликус отвалился в деревне")
    trainer.wait(lambda _: trainer.script("checked && checked.unknown_words.length === 1"), "check")
    trainer.press(Keys.ENTER)
    trainer.press("n")
    assert trainer.one("#new-word").get_attribute("value") == "журавликус"
    trainer.press(Keys.ENTER)
    trainer.wait(lambda _: trainer.one("#word-chips").text.startswith("журавликус"), "the word")
    trainer.press("1")
    trainer.count(f"1 из {total}")

    trainer.ready()
    trainer.go(TARIFF)
    trainer.press("2")
    trainer.count(f"2 из {total}")
    trainer.press("u")
    trainer.count(f"1 из {total}")
    trainer.at(TARIFF)
    trainer.press(Keys.ENTER)
    trainer.count(f"2 из {total}")

    trainer.ready()
    trainer.go(SILENT)
    trainer.press("x")
    trainer.count(f"3 из {total}")
    trainer.press("w")
    trainer.wait(lambda _: "Записано" in trainer.one("#toast").text, "the summary")

    trained = review.training()
    assert trained["мой интернет журавликус отвалился в деревне"] == "home_internet_issue"
    assert trained["какой мой тариф сейчас стоит"] == "tariff_info"
    assert "журавликус" in (review.data / "words" / "reviewed.txt").read_text("utf-8")
    validate(review.data)
    standing = review.desk.standing()
    assert standing.pending == ()
    assert standing.decided[SILENT].decision is Choice.REJECT
    assert "complaint" not in {entry.intent for entry in standing.for_training}
    assert review.journal.count("\tundo\t") == 1


def test_the_callers_words_are_heard_and_seen(trainer: Trainer) -> None:
    trainer.go(PAIR)
    trainer.wait(lambda _: trainer.script("audio.readyState >= 2"), "audio data")
    duration = trainer.script("audio.duration")
    assert isinstance(duration, float)
    assert 1.0 < duration < 15.0
    assert len(str(trainer.one("#wave-path").get_attribute("d"))) > 1000
    trainer.press(Keys.SPACE)
    trainer.wait(lambda _: trainer.script("audio.currentTime > 0.05"), "playing")
    trainer.press(Keys.SPACE)
    trainer.wait(lambda _: trainer.script("audio.paused"), "a pause")
    trainer.go(UNRECORDED)
    trainer.wait(lambda _: trainer.one("#no-audio").text == "звонок не записан", "the reason")


def test_words_are_marked_by_mouse_and_the_mark_is_kept(trainer: Trainer, review: Review) -> None:
    trainer.go(DENIED)
    trainer.press("e")
    trainer.press("подключите услугу мобильный журавликус")
    trainer.wait(lambda _: trainer.script("checked && checked.text.endsWith('журавликус')"), "text")
    trainer.press(Keys.ENTER)
    words = trainer.driver.find_elements(By.CSS_SELECTOR, "#words .word")
    ActionChains(trainer.driver).click_and_hold(words[2]).move_to_element(
        words[3]
    ).release().perform()
    trainer.one('#chooser [data-kind="service"]').click()
    trainer.wait(
        lambda _: "мобильный журавликус" in trainer.one("#word-chips").text, "the offered word"
    )
    trainer.wait(lambda _: "услуга" in trainer.one("#words .entity.service").text, "the mark")
    trainer.press("1")
    trainer.count(f"1 из {len(review.desk.items)}")
    (entry,) = review.desk.standing().for_training
    assert entry.entities == "service=мобильный журавликус"
    assert entry.words == "мобильный журавликус"


def test_words_can_be_marked_without_a_mouse(trainer: Trainer, review: Review) -> None:
    trainer.go(TARIFF)
    trainer.press("m")
    for _ in range(2):
        trainer.press(Keys.ARROW_RIGHT)
    ActionChains(trainer.driver).key_down(Keys.SHIFT).send_keys(Keys.ARROW_RIGHT).key_up(
        Keys.SHIFT
    ).perform()
    trainer.press("3")
    trainer.wait(
        lambda _: trainer.one("#words .entity.tariff").text.startswith("тариф"), "the mark"
    )
    trainer.press(Keys.ENTER)
    trainer.count(f"1 из {len(review.desk.items)}")
    assert review.desk.standing().for_training[0].entities == "tariff=тариф сейчас"


def test_personal_data_is_shown_taken_out_and_never_written(
    trainer: Trainer, review: Review
) -> None:
    trainer.go(DENIED)
    marks = [mark.text for mark in trainer.driver.find_elements(By.CSS_SELECTOR, "#heard mark")]
    assert any("анна сергеевна" in mark and "имя" in mark for mark in marks)
    assert any("девятьсот шестнадцать" in mark and "телефон" in mark for mark in marks)
    value = str(trainer.one("#text").get_attribute("value"))
    assert any(phone in value for phone in NEUTRAL_PHONES)

    trainer.press("e")
    trainer.press("перезвоните анне сергеевне на девять один шесть один два три четыре пять шесть")
    trainer.press(Keys.ENTER)
    trainer.press("1")
    trainer.wait(lambda _: "Личные данные заменены" in trainer.one("#toast").text, "the refusal")
    assert not (review.data / "reviews.tsv").exists()
    assert "сергеевне" not in str(trainer.one("#text").get_attribute("value"))
    trainer.press("1")
    trainer.count(f"1 из {len(review.desk.items)}")
    trainer.press("w")
    trainer.wait(lambda _: "Записано" in trainer.one("#toast").text, "the summary")
    for file in review.data.rglob("*"):
        if file.suffix in {".tsv", ".yml", ".txt"}:
            content = file.read_text(encoding="utf-8")
            for personal in ("анне сергеевне", "анна сергеевна", "один шесть один"):
                assert personal not in content, file


def test_two_tabs_decide_each_turn_once(trainer: Trainer, review: Review, page: Served) -> None:
    driver, total = trainer.driver, len(review.desk.items)
    first = driver.current_window_handle
    trainer.go(PAIR)
    driver.switch_to.new_window("tab")
    second = driver.current_window_handle
    try:
        trainer.open(page.address)
        trainer.go(PAIR)
        trainer.press("o")
        trainer.count(f"1 из {total}")
        driver.switch_to.window(first)
        trainer.at(PAIR)
        trainer.press("1")
        trainer.wait(lambda _: "уже разобрали" in trainer.one("#toast").text, "the refusal")
        trainer.wait(lambda _: trainer.script("current") != PAIR, "the next turn")
        trainer.count(f"1 из {total}")
        # The browser tells of every refused request; this one was asked for.
        assert all("409" in fault for fault in page_faults(driver))
        assert [one.intent for one in review.desk.standing().for_training] == ["out_of_scope"]
    finally:
        driver.switch_to.window(second)
        driver.close()
        driver.switch_to.window(first)


def test_the_page_without_its_token_is_refused(driver: Chrome, page: Served) -> None:
    driver.get(page.url)
    assert "откройте страницу по адресу" in driver.page_source
    assert TOKEN not in driver.page_source
    page_faults(driver)


def test_every_control_has_a_name_and_focus_is_seen(trainer: Trainer) -> None:
    nameless = trainer.script(
        """[...document.querySelectorAll("button, input, select, audio ~ svg")]
          .filter((one) => one.matches("button")
            ? !(one.textContent.trim() || one.getAttribute("aria-label"))
            : one.matches("svg") ? one.getAttribute("aria-hidden") !== "true"
            : !(one.labels && one.labels.length) && !one.getAttribute("aria-label"))
          .map((one) => one.outerHTML)"""
    )
    assert nameless == []
    assert trainer.one("html").get_attribute("lang") == "ru"
    seen = set()
    for _ in range(12):
        trainer.press(Keys.TAB)
        style = trainer.script(
            "(document.activeElement.matches('main, body') ? 'solid'"
            " : getComputedStyle(document.activeElement).outlineStyle)"
        )
        assert style == "solid"
        seen.add(trainer.script("document.activeElement.id || document.activeElement.textContent"))
    assert len(seen) > 8


def test_help_filters_and_effect_open_and_close_by_keyboard(
    trainer: Trainer, review: Review
) -> None:
    trainer.press("?")
    trainer.wait(lambda _: trainer.one("#help").is_displayed(), "help")
    trainer.press(Keys.ESCAPE)
    trainer.wait(lambda _: not trainer.one("#help").is_displayed(), "help closed")
    trainer.one("#show-effect").click()
    trainer.wait(lambda _: "1 из 1" in trainer.one("#effect").text, "the table")
    trainer.press(Keys.ESCAPE)
    trainer.driver.execute_script("$('by-reason').value = 'нет текста'; $('by-reason').onchange();")
    trainer.at(SILENT)
    assert len(trainer.driver.find_elements(By.CSS_SELECTOR, "#list li")) == 1
    assert review.desk.standing().decided == {}


def test_any_intent_is_found_by_its_words(trainer: Trainer, review: Review) -> None:
    trainer.go(TARIFF)
    trainer.press("f")
    trainer.press("жалоб")
    trainer.wait(
        lambda _: trainer.script("$('all-intents').children.length") == 1, "one intent left"
    )
    trainer.press(Keys.ENTER)
    trainer.count(f"1 из {len(review.desk.items)}")
    assert review.desk.standing().for_training[0].intent == "complaint"


HOLD_CHECKS = """
const straight = window.fetch;
const released = new Promise((go) => { window.letGo = go; });
window.held = 0;
window.fetch = async (path, options) => {
  if (path === "/api/check") { window.held += 1; await released; }
  return straight(path, options);
};
"""
"""The program takes its time over checks, until they are let go."""


@pytest.fixture
def slow(review: Review, trainer: Trainer) -> Trainer:
    """A trainer whose intent model has not started and whose checks are held back."""
    review.desk.suggester.client = None
    trainer.open(trainer.driver.current_url)
    # The page looks for the model once more by itself, then only when it is told to.
    trainer.driver.execute_script("waits = 60")
    trainer.wait(lambda _: trainer.script("waits > 60"), "the last look")
    trainer.driver.execute_script(HOLD_CHECKS)
    return trainer


def test_a_decision_is_kept_though_the_page_looks_for_the_model_meanwhile(
    slow: Trainer, review: Review
) -> None:
    slow.press(Keys.ENTER)
    slow.wait(lambda _: slow.script("held === 1"), "the check of the decision")
    slow.driver.execute_script("waitForModel()")
    slow.driver.execute_script("letGo()")
    slow.count(f"1 из {len(review.desk.items)}")


def test_a_decision_about_a_phrase_that_was_changed_meanwhile_has_to_be_taken_again(
    slow: Trainer, review: Review
) -> None:
    slow.press(Keys.ENTER)
    slow.wait(lambda _: slow.script("held === 1"), "the check of the decision")
    slow.press("e")
    slow.press("подключите роуминг")
    slow.wait(lambda _: slow.script("held >= 2"), "the check of the new phrase")
    slow.driver.execute_script("letGo()")
    slow.wait(lambda _: "Фраза изменилась" in slow.one("#toast").text, "the notice")
    slow.ready()
    assert review.desk.standing().pending == ()


def test_the_end_offers_writing_and_ends_the_command(
    trainer: Trainer, review: Review, page: Served
) -> None:
    total = len(review.desk.items)
    for number in range(total):
        trainer.press("o" if trainer.script("!!checked.text") else "x")
        trainer.count(f"{number + 1} из {total}")
        if number + 1 < total:
            trainer.ready()
    trainer.wait(lambda _: "Разбор закончен" in trainer.one("#empty").text, "the end")
    trainer.one("#finish-now").click()
    trainer.wait(lambda _: "Разбор завершён" in trainer.one("#empty").text, "finished")
    assert page.finished.wait(10)
    assert review.desk.standing().pending == ()
