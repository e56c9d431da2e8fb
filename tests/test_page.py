"""The page of the server, as it is sent and as a browser shows it."""

import os
import shutil

import numpy as np
import pytest
from PIL import Image
from selenium import webdriver
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from served import LIMITS, Heads, Hostile, Sight, wait

from zoo.data.decoding import fitted
from zoo.serving.requests import PLAYED
from zoo.serving.server.page import FOLDER

BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="module")
def browser():
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    driver = shutil.which("chromedriver")
    if not (found and driver):
        pytest.skip("no Chromium with its driver: apt-get install chromium chromium-driver")
    options = webdriver.ChromeOptions()
    options.binary_location = found
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    for argument in ("--headless=new", "--window-size=1280,1600", "--disable-gpu", *sandbox):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    with webdriver.Chrome(options, webdriver.ChromeService(driver)) as one:
        yield one


class Shown:
    """The page in a browser, with a model chosen."""

    def __init__(self, browser, live, model):
        self.browser = browser
        browser.get(f"{live.url}/")
        self.one(f"//button[b='{model}' and @aria-pressed and not(@disabled)]").click()

    def all(self, place):
        by = By.XPATH if place.startswith("/") else By.CSS_SELECTOR
        return self.browser.find_elements(by, place)

    def one(self, place):
        return wait(lambda: next(iter(self.all(place)), None))

    def panel(self, title):
        return self.one(f"section[aria-label='{title}']")

    def fill(self, panel, **values):
        for name, value in values.items():
            field = panel.find_element(By.NAME, name)
            field.clear()
            field.send_keys(str(value))

    def press(self, panel, label):
        panel.find_element(By.XPATH, f".//button[.='{label}']").click()

    def errors(self):
        """What went wrong in its script, or was asked of elsewhere."""
        logged = self.browser.get_log("browser")
        return [x for x in logged if x["level"] == "SEVERE" and x["source"] != "network"]


@pytest.fixture
def shown(browser, live):
    page = Shown(browser, live, "hostile")
    yield page
    assert browser.title == "attention zoo"
    assert not page.all("#panels img")
    assert not page.errors()


def test_it_is_sent_without_a_token_and_asks_for_nothing_else(live):
    found = live.get("/")
    assert found.status_code == 200
    assert found.headers["Content-Type"] == "text/html; charset=utf-8"
    assert found.headers["X-Content-Type-Options"] == "nosniff"
    policy = found.headers["Content-Security-Policy"]
    assert "default-src 'none'; script-src 'self'; style-src 'self'" in policy
    assert "unsafe" not in policy
    files = [file for file in FOLDER.rglob("*") if file.is_file()]
    assert len(files) > 10
    for file in files:
        sent = live.get(f"/page/{file.relative_to(FOLDER).as_posix()}")
        assert sent.content == file.read_bytes()
        text = sent.text.replace("http://www.w3.org/2000/svg", "")
        assert not [word for word in ("http:", "https:", "innerHTML", " style=") if word in text]


@pytest.mark.parametrize(
    "path", ["/page/", "/page/other.js", "/page/../page.py", "/page/%2e%2e/page.py", "/index.html"]
)
def test_what_is_no_file_of_it_is_not_found(live, path):
    found = live.get(path)
    assert found.status_code == 404
    assert found.json()["error"].startswith("Not found: /")


def test_the_models_there_are_can_be_asked_for(live):
    found = {one["name"]: one["versions"] for one in live.get("/models").json()["models"]}
    assert {"arithmetic", "hostile", "moving", "sentiment", "talker"} <= set(found)
    assert found["talker"] == [{"version": "1", "state": "AVAILABLE", "error": ""}]


def test_classes_are_bars_and_what_was_looked_at_is_a_map(shown):
    panel = shown.panel("Classify")
    shown.fill(panel, text="one <b>two</b> three four five")
    shown.press(panel, "Classify")
    tokens = wait(lambda: shown.all(".token"))
    names = [one.text for one in shown.all(".bars dt")]
    assert names == [Hostile.MARK, "plain"]
    wide, narrow = (one.size["width"] for one in shown.all(".bar span"))
    assert abs(wide / narrow - 3) < 0.2
    assert [one.text for one in tokens] == ["one", "<b>two</b>", "three", "four", "five"]
    assert "212,208,200" in colours(shown)  # hidden
    assert len(colours(shown)) >= 5
    assert len({one.value_of_css_property("background-color") for one in tokens}) >= 4
    tokens[4].click()
    assert "Tinted: what “five” (4) looked at" in shown.one(".looked .said").text
    assert "52.0 % of all pairs" in shown.one(".looked .said").text


def test_a_pair_is_told_and_layers_and_heads_are_chosen(shown):
    panel = shown.panel("Classify")
    shown.fill(panel, text="a b c d")
    panel.find_element(By.NAME, "text").send_keys(Keys.CONTROL, Keys.ENTER)
    canvas = wait(lambda: next((one for one in shown.all("canvas") if one.is_displayed()), None))
    said = shown.one(".looked .said")
    ActionChains(shown.browser).move_to_element_with_offset(
        canvas, canvas.size["width"] // 2 - 4, 4 - canvas.size["height"] // 2 + 20
    ).perform()
    wait(lambda: said.text == "“d” (3) is hidden from “a” (0).", told=lambda: said.text)
    canvas.send_keys(Keys.ARROW_LEFT, Keys.ARROW_LEFT)
    wait(lambda: said.text == "“a” (0) gives 26.9 % to “b” (1).", told=lambda: said.text)
    layer, head = shown.all(".looked select")
    assert [one.text for one in head.find_elements(By.TAG_NAME, "option")][1:] == [
        "head 0",
        "head 1",
    ]
    layer.send_keys("layer 1")
    wait(lambda: len(head.find_elements(By.TAG_NAME, "option")) == 4)
    wait(lambda: "87.5 % of all pairs" in said.text, told=lambda: said.text)


def colours(shown):
    """Those of the pixels of the map."""
    return shown.browser.execute_script(
        """const canvas = document.querySelector("canvas"), found = new Set();
        const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
        for (let at = 0; at < data.length; at += 4)
          if (data[at + 3]) found.add(data.slice(at, at + 3).join());
        return [...found];"""
    )


def test_it_writes_as_tokens_come_until_it_is_stopped(shown):
    panel = shown.panel("Write")
    shown.fill(panel, text="<i>so", max_new_tokens=LIMITS["new-tokens"])
    shown.press(panel, "Write")
    written = shown.one(".written")
    seen = set()
    wait(lambda: seen.add(len(written.text)) or len(seen) > 3, told=lambda: panel.text)
    shown.press(panel, "Stop")
    wait(lambda: "Stopped." in panel.text)
    assert written.text.startswith(f"<i>so{Hostile.MARK}{Hostile.MARK}")
    assert written.text.count("<img") < LIMITS["new-tokens"]
    assert panel.find_element(By.XPATH, ".//button[.='Write']").is_enabled()


def test_a_session_is_read_to_and_written_on(shown):
    panel = shown.panel("Session")
    shown.fill(panel, text="abc", max_new_tokens=2)
    shown.press(panel, "Read")
    wait(lambda: "3 tokens read, 0 tokens written" in panel.text, told=lambda: panel.text)
    shown.press(panel, "Write on")
    wait(lambda: "3 tokens read, 2 tokens written" in panel.text, told=lambda: panel.text)
    assert "abc" + 2 * Hostile.MARK in panel.text
    shown.press(panel, "Forget")
    wait(lambda: "tokens read" not in panel.text)


@pytest.mark.parametrize(
    ("title", "given", "wanted"),
    [
        ("Tag", {"text": "a"}, "a\nx\n<b>\n<i>"),
        ("Fill", {"text": "[MASK]"}, "mask 1\na\n50.0 %\n<b>\n25.0 %"),
        ("Answer", {"question": "?", "context": Heads.PASSAGE}, f"saw 50.0 %\n{Heads.PASSAGE}"),
        ("Translate", {"text": "<u>"}, "<U>\nscore -0.50"),
        ("Embed", {"text": "four", "other": ""}, "2\nnumbers in each vector\n5.00"),
        ("Score", {"text": "a"}, "0.250\nbits per byte\n7\ntokens\n2.0\nnats, all of it"),
    ],
)
def test_every_signature_has_its_panel(browser, live, title, given, wanted):
    page = Shown(browser, live, "heads")
    panel = page.panel(title)
    page.fill(panel, **given)
    page.press(panel, title)
    answer = panel.find_element(By.CLASS_NAME, "answer")
    wait(lambda: answer.text.startswith(wanted), 5, told=lambda: (answer.text, panel.text))
    assert not page.errors()
    if title == "Answer":
        assert panel.find_element(By.TAG_NAME, "mark").text == "SAW"


def test_a_picture_is_looked_at(browser, live, tmp_path):
    pixels = np.full((40, 100, 3), 60, "uint8")
    pixels[20:, 20:40] = 240  # of what is seen, columns 20 to 79, the lower left
    Image.fromarray(pixels).save(tmp_path / "picture.png")
    page = Shown(browser, live, "sight")
    panel = page.panel("Look")
    panel.find_element(By.NAME, "image").send_keys(str(tmp_path / "picture.png"))
    page.press(panel, "Look")
    wait(lambda: "All places in the mean looked most at row 1, column 0 of 2 × 3" in panel.text, 5)
    assert [one.text for one in page.all(".bars dt")] == ["<b>right", "dark"]
    bright = fitted(pixels, *Sight.GRID).numpy().mean() / 255
    assert f"{100 * bright:.1f} %" in panel.text
    red = "return arguments[0].getContext('2d').getImageData(arguments[1], 400, 1, 1).data[0]"
    canvas = panel.find_element(By.TAG_NAME, "canvas")
    near, far = (browser.execute_script(red, canvas, at) for at in (10, 700))
    given = fitted(pixels[:, 20:80], *Sight.GRID).numpy()[1, :, 0]
    dark = 0.8 * (1 - given[2] / given[0])
    assert near == 240
    assert far == pytest.approx(60 * (1 - dark) + 8 * dark, abs=2)
    ActionChains(browser).move_to_element(canvas).click().perform()
    wait(lambda: "The place at row" in panel.text, 5)
    assert panel.find_element(By.XPATH, ".//button[.='All places']").is_enabled()
    (tmp_path / "none.png").write_bytes(b"none")
    panel.find_element(By.NAME, "image").send_keys(str(tmp_path / "none.png"))
    page.press(panel, "Look")
    wait(lambda: "none.png is no picture that this browser can read." in panel.text, 5)
    assert not page.errors()


def test_what_is_in_a_picture_is_framed(browser, live, tmp_path):
    Image.new("RGB", (100, 50), (0, 0, 0)).save(tmp_path / "picture.jpg")
    page = Shown(browser, live, "sight")
    panel = page.panel("Find")
    panel.find_element(By.NAME, "image").send_keys(str(tmp_path / "picture.jpg"))
    page.press(panel, "Find")
    wait(lambda: "<b>left\n75.0 %" in panel.text, 5, told=lambda: panel.text)
    assert "all" not in panel.find_element(By.CLASS_NAME, "answer").text
    canvas = panel.find_element(By.TAG_NAME, "canvas")
    pixel = "return [...arguments[0].getContext('2d').getImageData(arguments[1], 400, 1, 1).data]"
    assert browser.execute_script(pixel, canvas, 560)[:3] == [217, 72, 1]  # the right edge
    assert browser.execute_script(pixel, canvas, 300)[:3] == [0, 0, 0]
    page.fill(panel, least=0.9)
    page.press(panel, "Find")
    wait(lambda: "Nothing that it is sure of." in panel.text, 5)
    assert not page.errors()


def test_a_piece_goes_on_as_a_picture_and_a_file(browser, live, tmp_path):
    (tmp_path / "song.mid").write_bytes(PLAYED)
    page = Shown(browser, live, "player")
    panel = page.panel("Play on")
    panel.find_element(By.NAME, "midi").send_keys(str(tmp_path / "song.mid"))
    page.fill(panel, max_new_tokens=3)
    page.press(panel, "Play on")
    wait(lambda: "3 new tokens from second 2.5 on, 1.5 nats." in panel.text, 5, lambda: panel.text)
    canvas = panel.find_element(By.TAG_NAME, "canvas")
    assert canvas.get_attribute("aria-label") == "4 notes in 3.5 seconds."
    column = "return [...arguments[0].getContext('2d').getImageData(700, 0, 1, 220).data]"
    opaque = browser.execute_script(column, canvas)[3::4]
    assert 5 < sum(100 < one < 255 for one in opaque) < 30  # one note, softer than it could be
    link = panel.find_element(By.TAG_NAME, "a")
    assert link.get_attribute("download") == "song_on.mid"
    assert link.get_attribute("href").startswith("blob:")
    (tmp_path / "none.mid").write_bytes(b"none")
    panel.find_element(By.NAME, "midi").send_keys(str(tmp_path / "none.mid"))
    page.press(panel, "Play on")
    wait(lambda: "midi[0]: is no MIDI file." in panel.text, 5, lambda: panel.text)


def test_a_picture_grows_row_by_row(browser, live, tmp_path):
    Image.new("RGB", (6, 8), (255, 0, 0)).save(tmp_path / "half.png")
    page = Shown(browser, live, "brush")
    panel = page.panel("Paint")
    page.press(panel, "Paint")
    wait(lambda: "4 rows." in panel.text, 5, told=lambda: panel.text)
    canvas = panel.find_element(By.TAG_NAME, "canvas")
    column = """const { width, height } = arguments[0], pen = arguments[0].getContext("2d");
        return [...Array(4).keys()].map(row =>
          [...pen.getImageData(width / 2, (row + 0.5) * height / 4, 1, 1).data]);"""
    greys = [[40 * row] * 3 + [255] for row in range(4)]
    assert browser.execute_script(column, canvas) == greys
    page.fill(panel, rows=2, label="a")
    panel.find_element(By.NAME, "image").send_keys(str(tmp_path / "half.png"))
    page.press(panel, "Paint")
    wait(lambda: "4 rows." in panel.text, 5, told=lambda: panel.text)
    canvas = panel.find_element(By.TAG_NAME, "canvas")
    red = [[255, 0, 0, 255]] * 2
    assert browser.execute_script(column, canvas) == [*red, *greys[2:]]
    page.fill(panel, label="x")
    page.press(panel, "Paint")
    wait(lambda: "label[0]: expected <b>a." in panel.text, 5, told=lambda: panel.text)
    assert not page.errors()


def test_what_the_server_refuses_is_said_in_its_words(shown):
    panel = shown.panel("Write")
    shown.fill(panel, max_new_tokens=LIMITS["new-tokens"] + 1)
    shown.press(panel, "Write")
    said = panel.find_element(By.CLASS_NAME, "error")
    wanted = "max_new_tokens: found 51, expected a whole number from 0 to 50."
    wait(lambda: said.text == wanted, told=lambda: said.text)


def test_a_token_is_sent_and_kept_nowhere(shown):
    shown.browser.execute_script(
        """window.sent = [];
        window.fetch = async (path, { headers }) => {
          window.sent.push(headers.Authorization ?? "");
          return new Response('{"error": "no"}', { status: 401 });
        };"""
    )
    shown.one("#token").send_keys("secret", Keys.ENTER)
    wait(lambda: "wants its token" in shown.one("#said").text)
    assert shown.browser.execute_script("return window.sent") == ["Bearer secret"]
    kept = "return [document.cookie, localStorage.length, sessionStorage.length]"
    assert shown.browser.execute_script(kept) == ["", 0, 0]


def test_a_model_without_panels_is_said_to_have_none(browser, live):
    page = Shown(browser, live, "sentiment")
    assert "nothing to show" in page.one("#panels").text
