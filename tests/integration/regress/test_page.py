"""The page of a real run in a real browser: filters, keys, sound, pictures."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlparse

import pytest
from selenium.webdriver import ActionChains, Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait
from typer.testing import CliRunner

from ivr.cli.main import app
from ivr.nlu.rasa_server import RasaServer
from ivr.regress.baseline import read_baseline, write_baseline
from tests.browser import browser, page_faults

pytestmark = pytest.mark.integration

FIXTURES = Path("audio_fixtures").resolve()
RECORDINGS = ("tts/0003.flac", "tts/0040.flac", "tts/0280.flac")


@pytest.fixture(scope="module")
def page(rasa: RasaServer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three recordings under two conditions, one unlike the accepted run, and a file of words."""
    folder = tmp_path_factory.mktemp("page")
    lines = (FIXTURES / "manifest.tsv").read_text(encoding="utf-8").splitlines()
    chosen = [line for line in lines[1:] if line.split("\t")[0] in RECORDINGS]
    for name in RECORDINGS:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes((FIXTURES / name).read_bytes())
    (folder / "words.wav").write_text("no audio")
    chosen.append("words.wav\tда\taffirm\t\ttest\ttest\tnone\ttest")
    (folder / "manifest.tsv").write_text("\n".join((lines[0], *chosen)), encoding="utf-8")
    environment = {"IVR_NLU__URL": rasa.url, "IVR_NLU__TOKEN": rasa.token, "COLUMNS": "200"}
    baseline, html = folder / "baseline.tsv", folder / "report" / "r.html"
    own = ("--out", folder / "out", "--baseline", baseline, "--html", html)
    words = [str(word) for word in ("regress", folder, *own)]

    def run(*arguments: str) -> None:
        result = CliRunner().invoke(app, [*words, *arguments], env=environment)
        assert result.exit_code == 1, result.output  # the words are no audio

    run("--accept")
    text = baseline.read_text(encoding="utf-8").replace("hang_up goodbye", "transfer operator")
    baseline.write_text(text, encoding="utf-8")
    write_baseline(baseline, read_baseline(baseline))
    run("--augment", "gsm")
    return html


@pytest.fixture(scope="module")
def driver(page: Path) -> Iterator[Chrome]:
    with browser() as chrome:
        yield chrome


@pytest.fixture(autouse=True)
def fresh(driver: Chrome, page: Path) -> Iterator[None]:
    """Every test opens the page anew and leaves no fault in it."""
    driver.get(page.as_uri())
    yield
    assert page_faults(driver) == []


def shown(driver: Chrome) -> list[WebElement]:
    cases = driver.find_elements(By.TAG_NAME, "article")
    return [case for case in cases if case.is_displayed()]


def files(driver: Chrome) -> list[str]:
    """Of the cases that are shown."""
    return [case.find_element(By.TAG_NAME, "strong").text for case in shown(driver)]


def press(driver: Chrome, *keys: str) -> WebElement:
    """What has the focus afterwards."""
    ActionChains(driver).send_keys(*keys).perform()
    return driver.switch_to.active_element


def wait(driver: Chrome, script: str, *arguments: object) -> None:
    WebDriverWait(driver, 30).until(lambda one: one.execute_script(script, *arguments))


def test_the_most_urgent_come_first_and_everything_is_counted(driver: Chrome):
    verdicts = [case.get_attribute("data-verdict") for case in shown(driver)]
    assert verdicts == ["error", "error", "changed", "new", "new", "new", "same", "same"]
    assert driver.find_element(By.CSS_SELECTOR, ".count").text == "показано 8 из 8"
    labels = [button.text for button in driver.find_elements(By.CSS_SELECTOR, "nav button")]
    assert labels == ["все: 8", "ошибка: 2", "иначе: 1", "новая: 3", "без изменений: 2"]
    changed = shown(driver)[2]
    assert "действия: transfer operator → hang_up goodbye" in changed.text
    assert "Требуют внимания\n3" in driver.find_element(By.CSS_SELECTOR, ".figures").text


def test_buttons_and_search_narrow_the_list_together(driver: Chrome):
    new = driver.find_element(By.CSS_SELECTOR, "[data-show=new]")
    new.click()
    assert sorted(files(driver)) == sorted(RECORDINGS)
    assert new.get_attribute("aria-pressed") == "true"
    search = driver.find_element(By.CSS_SELECTOR, "nav input")
    search.send_keys("Тариф")
    assert files(driver) == ["tts/0003.flac"]
    driver.find_element(By.CSS_SELECTOR, "[data-show='']").click()
    assert files(driver) == ["tts/0003.flac", "tts/0003.flac"]
    search.send_keys(" которого нет")
    assert files(driver) == []
    assert driver.find_element(By.CSS_SELECTOR, ".none").is_displayed()
    press(driver, Keys.ESCAPE)
    assert len(files(driver)) == 8
    assert not driver.find_element(By.CSS_SELECTOR, ".none").is_displayed()


def test_keys_lead_through_the_cases(driver: Chrome):
    help_line = driver.find_element(By.CSS_SELECTOR, ".help")
    assert help_line.is_displayed()
    assert "пробел слушать" in help_line.text
    cases = shown(driver)
    assert press(driver, "j") == cases[0]
    assert press(driver, "j") == cases[1]
    assert press(driver, Keys.ARROW_DOWN) == cases[2]
    assert press(driver, Keys.ARROW_UP) == cases[1]
    assert press(driver, "k") == cases[0]
    assert press(driver, "k") == cases[0]
    search = press(driver, "/")
    assert search.get_attribute("type") == "search"
    press(driver, "jk/ ")
    assert search.get_attribute("value") == "jk/ "
    press(driver, Keys.ESCAPE)
    press(driver, "/")
    assert press(driver, "0280", Keys.ENTER) == shown(driver)[0]
    assert press(driver, *"jjj") == shown(driver)[-1]


def test_the_tab_key_stops_at_buttons_search_one_case_and_its_player(driver: Chrome):
    stops = [press(driver, Keys.TAB).tag_name for _ in range(7)]
    assert stops == ["button"] * 5 + ["input", "article"]
    press(driver, *"jj")
    player = press(driver, Keys.TAB)
    assert player.tag_name == "audio"
    assert player == shown(driver)[2].find_element(By.TAG_NAME, "audio")
    places = driver.execute_script("return document.querySelectorAll('article[tabindex=\"0\"]')")
    assert places == [shown(driver)[2]]


@pytest.mark.parametrize("verdict", ["changed", "new"])
def test_the_space_bar_plays_the_recording_and_what_a_condition_made_of_it(
    driver: Chrome, verdict: str
):
    driver.find_element(By.CSS_SELECTOR, f"[data-show={verdict}]").click()
    press(driver, "j")
    (audio, *others) = [case.find_element(By.TAG_NAME, "audio") for case in shown(driver)]
    source = Path(unquote(urlparse(audio.get_attribute("src")).path))
    assert source.exists()
    press(driver, " ")
    wait(driver, "return arguments[0].readyState >= 2 && arguments[0].currentTime > 0.2", audio)
    head = shown(driver)[0].find_element(By.CSS_SELECTOR, ".playhead")
    wait(driver, "return arguments[0].getAttribute('x1') > 0", head)
    assert head.get_attribute("visibility") == "visible"
    assert driver.execute_script("return arguments[0].error", audio) is None
    press(driver, " ")
    wait(driver, "return arguments[0].paused", audio)
    if others:
        driver.execute_script("arguments[0].loop = true", audio)
        press(driver, " ")
        press(driver, "j", " ")
        wait(driver, "return arguments[0].paused && !arguments[1].paused", audio, others[0])


def test_the_recording_chosen_last_plays_however_quickly_it_was_chosen(driver: Chrome):
    first, last = driver.execute_script("return [...document.querySelectorAll('audio')].slice(-2)")
    # Both keys before the page hears that the first recording has begun.
    driver.execute_script(
        "for (const audio of arguments) {"
        "  const recording = audio.closest('article');"
        "  audio.loop = true;"
        "  recording.focus();"
        "  recording.dispatchEvent(new KeyboardEvent('keydown', {key: ' ', bubbles: true}));"
        "}",
        first,
        last,
    )
    wait(driver, "return arguments[0].paused && arguments[1].currentTime > 0.2", first, last)
    assert not driver.execute_script("return arguments[0].paused", last)


def test_a_click_on_the_waveform_plays_from_there(driver: Chrome):
    case = shown(driver)[2]
    picture = case.find_element(By.TAG_NAME, "svg")
    audio = case.find_element(By.TAG_NAME, "audio")
    end_x = float(picture.get_attribute("data-end"))
    driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", picture)
    wide = picture.size["width"]
    offset = round(wide * (end_x / 640 / 2 - 0.5))
    ActionChains(driver).move_to_element_with_offset(picture, offset, 0).click().perform()
    wait(
        driver,
        "return arguments[0].duration && arguments[0].currentTime > 0.45 * arguments[0].duration",
        audio,
    )


def test_waveform_and_timeline_are_drawn(driver: Chrome):
    for case in shown(driver)[2:]:
        box = case.find_element(By.CSS_SELECTOR, "svg").size
        assert box["width"] > 300
        assert box["height"] > 40
        path = case.find_element(By.CSS_SELECTOR, "svg path")
        assert path.get_attribute("d").count("M") == 160
        assert path.size["height"] > 5
        for mark in ("speech", "partial", "reply"):
            drawn = case.find_elements(By.CSS_SELECTOR, f"svg .{mark}")
            assert drawn, mark
            assert all(one.size["width"] > 0 and one.size["height"] > 0 for one in drawn)


def test_the_heat_maps_have_a_figure_in_every_labelled_cell(driver: Chrome):
    words, intents = driver.find_elements(By.CSS_SELECTOR, "table.heat")
    assert words.find_element(By.TAG_NAME, "caption").text == "Ошибки в словах (WER)"
    for table in (words, intents):
        heads = [one.text for one in table.find_elements(By.CSS_SELECTOR, "th[scope=row]")]
        assert heads == ["как есть", "gsm"]
        cells = table.find_elements(By.CSS_SELECTOR, ".shade")
        voices = len(table.find_elements(By.CSS_SELECTOR, "th[scope=col]"))
        assert len(cells) == 2 * (voices - 1)  # nothing is known of the voice of the words
        assert all(cell.text.endswith(" %") for cell in cells)
        colours = {cell.value_of_css_property("background-color") for cell in cells}
        assert "rgba(0, 0, 0, 0)" not in colours


@pytest.mark.parametrize("width", [1280, 500])
def test_nothing_sticks_out_of_a_window(driver: Chrome, width: int):
    driver.set_window_size(width, 900)
    try:
        wide = driver.execute_script("return document.documentElement.scrollWidth")
        assert wide <= driver.execute_script("return innerWidth") <= width
    finally:
        driver.set_window_size(1280, 900)
