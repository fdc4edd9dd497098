"""`report.html` in a real browser: it runs nothing, fetches nothing, and can be read anywhere."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browser.opening import CONTRASTS, DESKTOP, PHONE, Opened
from tests.helpers.paging import BROKEN, NAMES, SCRIPT, made


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    run, *_ = made(tmp_path_factory.mktemp("browser") / "run")
    return run.path / "report.html"


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
