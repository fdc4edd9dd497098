"""`report.html` of boxes and of masks in a real browser: truth and predictions can be seen."""

from pathlib import Path

import pytest

from tests.browser.opening import CONTRASTS, DESKTOP, PHONE, Opened
from tests.helpers.dense.paging import MADE, made
from tests.helpers.paging import BROKEN, SCRIPT

SCREENS = [(size, scheme) for size in (DESKTOP, PHONE) for scheme in ("light", "dark")]
# of each pair: its two drawings, how many colors they have, and where they lie
PAIRS = """() => [...document.querySelectorAll('.pair')].map(pair => [...pair.children].map(
  image => {
  const { left, right, top, width, height } = image.getBoundingClientRect();
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight];
  const pen = canvas.getContext('2d');
  pen.drawImage(image, 0, 0);
  const bytes = pen.getImageData(0, 0, canvas.width, canvas.height).data;
  let colored = 0;
  for (let n = 0; n < bytes.length; n += 4)
    colored += Math.max(...bytes.slice(n, n + 3)) - Math.min(...bytes.slice(n, n + 3)) > 60;
  return { left, right, top, width, height, colored, shape: canvas.width / canvas.height };
}))"""


@pytest.fixture(scope="module", params=MADE)
def file(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Path:
    run = made(request.param, tmp_path_factory.mktemp("browser") / "run")
    return run.path / "report.html"


@pytest.mark.parametrize("opened", SCREENS, indirect=True)
def test_it_fits_each_screen_and_is_quiet(opened: Opened, file: Path) -> None:
    page = opened.page
    for summary in page.locator("summary").all():
        summary.click()
    assert opened.fits()
    reach = "Math.max(...[...document.querySelectorAll('svg, img, p, h2, figcaption, .legend')]"
    widest = page.evaluate(f"{reach}.map(e => e.getBoundingClientRect().right))")
    assert widest <= page.viewport_size["width"]  # type: ignore[index]
    assert opened.said == []
    assert {url for url in opened.fetched if not url.startswith("data:")} == {file.as_uri()}


@pytest.mark.parametrize("opened", SCREENS, indirect=True)
def test_truth_and_prediction_are_seen_side_by_side(opened: Opened) -> None:
    pairs = opened.page.evaluate(PAIRS)
    assert len(pairs) == 8 + 3  # the worst, and typical ones
    for truth, found in pairs:
        assert truth["right"] <= found["left"]
        assert truth["top"] == found["top"]
        assert min(truth["colored"], found["colored"]) > 100, "nothing is drawn over a picture"
        for drawn in (truth, found):
            assert drawn["width"] >= 150
            assert drawn["width"] / drawn["height"] == pytest.approx(drawn["shape"], abs=0.02)


@pytest.mark.parametrize("opened", SCREENS, indirect=True)
def test_texts_stand_out_and_names_are_text(opened: Opened) -> None:
    found = opened.page.evaluate(CONTRASTS)
    assert len(found) > 100
    assert found[0][0] >= 4.5, found[:8]
    assert SCRIPT in opened.page.inner_text(".legend")
    assert BROKEN in opened.page.inner_text("body")
    keys = opened.page.evaluate(
        "[...document.querySelectorAll('.legend img')].map(i => i.getBoundingClientRect().width)"
    )
    assert len(keys) == 2
    assert min(keys) >= 8
