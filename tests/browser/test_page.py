"""`report.html` in a real browser: it runs nothing, fetches nothing, and can be read anywhere."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.helpers.paging import BROKEN, NAMES, SCRIPT, made

DESKTOP, PHONE = (1280, 900), (390, 844)
# every visible text: its contrast with what lies under it (WCAG 2.2, success criterion 1.4.3)
CONTRASTS = """() => {
  const parse = (text) => {
    const n = (text.match(/[\\d.]+/g) || []).map(Number);
    const scale = text.startsWith('color(') ? 255 : 1;
    return [n[0] * scale, n[1] * scale, n[2] * scale, n.length > 3 ? n[3] : 1];
  };
  const over = (top, under) => {
    const mixed = [0, 1, 2].map((i) => top[i] * top[3] + under[i] * (1 - top[3]));
    return [...mixed, 1];
  };
  const under = (element) => {
    const own = parse(getComputedStyle(element).backgroundColor);
    return own[3] === 1 || !element.parentElement ? own : over(own, under(element.parentElement));
  };
  const light = (c) => {
    const [r, g, b] = c.slice(0, 3).map((v) => v / 255)
      .map((v) => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const found = [];
  for (const element of document.body.querySelectorAll('*')) {
    if (element.tagName === 'title' || !element.checkVisibility()) continue;
    if (![...element.childNodes].some((n) => n.nodeType === 3 && n.data.trim())) continue;
    const style = getComputedStyle(element), paper = under(element);
    const ink = over(parse(element.tagName === 'text' ? style.fill : style.color), paper);
    const [a, b] = [light(ink), light(paper)].sort((x, y) => y - x);
    found.push([(a + 0.05) / (b + 0.05), element.tagName, element.textContent.slice(0, 40)]);
  }
  return found.sort((x, y) => x[0] - y[0]);
}"""


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    run, *_ = made(tmp_path_factory.mktemp("browser") / "run")
    return run.path / "report.html"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    found = shutil.which("chromium") or shutil.which("google-chrome")
    assert found, "these tests need a browser: apt-get install chromium"
    with sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield started
        started.close()


class Opened:
    """A page that is open, and all it did."""

    def __init__(self, page: Page, file: Path) -> None:
        self.page = page
        self.said: list[str] = []
        self.fetched: list[str] = []
        page.on("console", lambda message: self.said.append(message.text))
        page.on("pageerror", lambda error: self.said.append(str(error)))
        page.on("dialog", lambda dialog: (self.said.append("dialog"), dialog.dismiss()))
        page.on("request", lambda request: self.fetched.append(request.url))
        page.goto(file.as_uri())

    def fits(self) -> bool:
        """Return whether nothing is wider than the screen."""
        return bool(self.page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


@pytest.fixture
def opened(browser: Browser, file: Path, request: pytest.FixtureRequest) -> Iterator[Opened]:
    (width, height), scheme = getattr(request, "param", (DESKTOP, "light"))
    context = browser.new_context(
        viewport={"width": width, "height": height}, color_scheme=scheme, device_scale_factor=2
    )
    yield Opened(context.new_page(), file)
    context.close()


def test_nothing_is_run_or_fetched(opened: Opened, file: Path) -> None:
    page = opened.page
    page.wait_for_timeout(300)
    assert opened.said == []
    assert {url for url in opened.fetched if not url.startswith("data:")} == {file.as_uri()}
    assert page.evaluate("document.scripts.length") == 0
    assert page.locator("[onerror], iframe, object, embed, link, form").count() == 0
    pictures = page.evaluate("[...document.images].map(i => [i.complete, i.naturalWidth])")
    assert len(pictures) >= 13
    assert all(done and width > 0 for done, width in pictures)


def test_names_that_look_like_markup_are_text(opened: Opened) -> None:
    text = opened.page.inner_text("body")
    for name in (SCRIPT, BROKEN, *NAMES):
        assert name in text, name
    assert opened.page.locator("th", has_text=SCRIPT).count() > 0
    verdict = opened.page.inner_text(".verdict")
    assert verdict.startswith("The file is correct;"), verdict
    assert SCRIPT in verdict, verdict
    assert "<script>" in opened.page.title()


def test_the_policy_refuses_a_script(opened: Opened) -> None:
    """Were there a hole in the escaping, the policy would still be there."""
    opened.page.evaluate(
        "document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"ran = true\">')"
    )
    opened.page.wait_for_timeout(300)
    assert opened.page.evaluate("typeof ran") == "undefined"
    assert any("Content Security Policy" in said for said in opened.said)
    assert len(opened.fetched) == len([u for u in opened.fetched if u.startswith(("file", "data"))])


@pytest.mark.parametrize("opened", [(PHONE, "light"), ((320, 600), "dark")], indirect=True)
def test_it_fits_a_phone_and_opens_on_a_tap(opened: Opened) -> None:
    page = opened.page
    assert opened.fits()
    for summary in page.locator("summary").all():
        summary.click()
    folded = page.locator("details")
    assert folded.count() >= 5
    for n in range(folded.count()):
        assert folded.nth(n).get_attribute("open") is not None
        assert folded.nth(n).locator("table").first.is_visible()
    assert opened.fits()
    narrow = "[...document.querySelectorAll('.chart text')]"
    sizes = page.evaluate(f"{narrow}.map(t => t.getBoundingClientRect().height).filter(h => h > 0)")
    assert min(sizes) > 8
    widest = page.evaluate(
        "Math.max(...[...document.querySelectorAll('svg, img, p, pre')]"
        ".map(e => e.getBoundingClientRect().right))"
    )
    assert widest <= page.viewport_size["width"]  # type: ignore[index]


@pytest.mark.parametrize(
    "opened", [(DESKTOP, "light"), (DESKTOP, "dark"), (PHONE, "dark")], indirect=True
)
def test_every_text_stands_out_from_its_background(opened: Opened) -> None:
    for summary in opened.page.locator("summary").all():
        summary.click()
    found = opened.page.evaluate(CONTRASTS)
    assert len(found) > 200
    assert found[0][0] >= 4.5, found[:8]


def test_dark_mode_is_dark(browser: Browser, file: Path) -> None:
    colors = []
    for scheme in ("light", "dark"):
        context = browser.new_context(color_scheme=scheme)  # type: ignore[arg-type]
        page = Opened(context.new_page(), file).page
        colors.append(page.evaluate("getComputedStyle(document.body).backgroundColor"))
        context.close()
    assert colors == ["rgb(251, 250, 248)", "rgb(20, 23, 29)"]
