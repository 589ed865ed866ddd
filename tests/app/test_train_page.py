"""Training in a browser: a lane of a level is marked, decided, handed in, scored and replayed."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import pytest

from dualsense.app import _lessons as lessons
from dualsense.io import read_scan
from oracles.axe import axe_script, violations
from oracles.controls import SIZES, WAYS, Control, unknown, use

pytestmark = pytest.mark.browser
TABLET, PHONE = (1024, 768), (390, 844)
SEED = 5
"""Of a lane of the level "medium" with two mines."""
HIDDEN, TEXT = "document.getElementById('{}').hidden", "document.getElementById('{}').textContent"
LOOK, NEXT = "#themes .choice:has(input:not(:checked))", "input[name=theme]:checked"
VERDICT = "document.querySelector('input[name=verdict]:checked').value"
MARKS = "document.getElementById('one').hidden + document.getElementById('one-title').textContent"
TRAIN = {
    "name": Control("#trainee", "#trainee", ("T",), "document.getElementById('trainee').value"),
    "look": Control(LOOK, NEXT, ("ArrowRight",), "document.documentElement.dataset.theme"),
    "language": Control("#language", "#language", ("ArrowUp",), "document.documentElement.lang"),
}
LANE = {
    "mark": Control("#mark", "#mark", ("Enter",), MARKS),
    "verdict": Control("#verdict .choice:nth-of-type(2)", "#verdict input", ("ArrowRight",), VERDICT),
    "chance": Control("#chance", "#chance", ("ArrowUp",), TEXT.format("chance-text"), (0.8, 0.5)),
    "remove": Control("#remove", "#remove", ("Enter",), MARKS),
    "mark again": Control("#mark", "#mark", ("Space",), MARKS),
    "close": Control("#close", "#close", ("Enter",), MARKS),
    "hand in": Control("#hand-in", "#hand-in", ("Enter",), TEXT.format("note")),
    "hand in surely": Control("#hand-in", "#hand-in", ("Enter",), HIDDEN.format("result")),
    "next that was missed": Control("#next", "#next", ("Enter",), TEXT.format("missed")),
}
LINKS = (
    Control("a.card", "a.card", ("Enter",), "location.pathname"),
    Control(".bar a.button", ".bar a.button", ("Enter",), "location.pathname"),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A simulated lane of a level, in a folder that lacks another one."""
    made = tmp_path_factory.mktemp("trained")
    assert lessons.do_lesson(lessons.Invent(str(made / "one.h5"), "medium", SEED)) == {}
    return made


@pytest.fixture(scope="module")
def url(folder, serving):
    pytest.importorskip("starlette", reason="needs dualsense[app]")
    pytest.importorskip("uvicorn", reason="needs dualsense[app]")
    with serving(folder, "train", "--level", "medium", "--lanes", "2") as started:
        yield started.url


@pytest.fixture(scope="module")
def mines(folder):
    truth = read_scan(Path(folder / "one.h5")).truth
    rows = zip(truth.x_m, truth.y_m, truth.label, strict=True)
    found = [(100 * float(x), 100 * float(y)) for x, y, label in rows if label == "mine"]
    assert len(found) == 2
    return found


def begin(visit, name):
    visit.page.locator("#trainee").fill(name)
    visit.page.locator("#trainee").press("Tab")
    frame = visit.open("Lane 1")
    visit.page.locator("#mark:enabled").wait_for()
    return frame


def tap_ground(visit, x_cm, y_cm):
    """Tap the map within its frame at a place of the ground."""
    plan = visit.frame.locator("#plan")
    plan.scroll_into_view_if_needed()
    drawn, place = json.loads(plan.get_attribute("data-drawn"))["box"], plan.bounding_box()
    ground = json.loads(visit.frame.locator("#page-data").text_content())["seen"]["ground"]
    visit.page.touchscreen.tap(
        place["x"] + drawn["left"] + (x_cm - ground["left"]) * drawn["scale"],
        place["y"] + drawn["bottom"] - (y_cm - ground["bottom"]) * drawn["scale"],
    )


def hand_in(visit):
    visit.page.locator("#hand-in").tap()
    visit.page.locator("#note", has_text="Press again").wait_for()
    visit.page.locator("#hand-in").tap()
    visit.page.locator("#result").wait_for()


def test_a_lane_is_played_to_its_score_and_what_was_missed_is_replayed(browser, url, folder, mines, visiting):
    visit = visiting(browser, url)
    page = visit.page
    page.locator("a.card").first.tap()
    assert page.locator("#note").inner_text() == "Give your name first."
    card = page.locator("a.card", has_text="Lane 1")
    assert page.locator("#level").inner_text() == "Level: medium"
    assert "medium" not in card.inner_text()  # of one lane its level is told with its truth
    frame = begin(visit, "Sok")
    tap_ground(visit, *mines[0])
    page.locator("#mark").tap()
    page.locator("#one-title", has_text="M1: ").wait_for()
    page.locator("#chance").focus()
    for _ in range(8):
        page.keyboard.press("ArrowRight")
    assert page.locator("#chance").get_attribute("aria-valuetext") == "90 in 100"
    page.locator("#close").tap()
    assert frame.locator("#targets .row").count() == 0
    hand_in(visit)
    facts = page.locator("#facts").inner_text()
    assert "1 of 2" in facts
    assert "0, that is 0.0 per m²" in facts
    assert page.locator("#missed-list li").count() == 1
    page.locator("#next").tap()
    words = page.locator("#missed").inner_text()
    assert words.startswith("mine ")
    assert words.endswith("not marked")
    at = frame.locator("#plan[aria-label*='target ?1']").get_attribute("aria-label")
    assert f"{mines[1][0]:.0f} cm ahead, {mines[1][1]:.0f} cm to the left" in at
    scored = json.loads((folder / "training.jsonl").read_text().splitlines()[-1])
    assert (scored["trainee"], scored["mines"], scored["detected"], scored["false_alarms"]) == ("Sok", 2, 1, 0)
    assert [mark["chance"] for mark in scored["marks"]] == [0.9]
    assert scored["took_s"] > 0
    page.goto(url)
    page.locator("#summary").wait_for()
    assert "Level: medium" in card.inner_text()
    assert "Look again: no longer counted" in card.inner_text()
    assert page.locator("#bins").inner_text().startswith("Said: 80–100 in 100; on average 90; were mines: 100")
    assert page.locator("#diagram circle").count() == 1
    page.locator("a.card").nth(1).wait_for()  # what the folder lacked of the level was simulated meanwhile
    invented = list(folder.glob("lane-medium-*.h5"))
    assert [lessons.level_of(read_scan(path).truth) for path in invented] == ["medium"]
    visit.done()


def test_marks_are_those_of_one_trainee_and_outlive_a_closed_page(browser, url, folder, mines, visiting):
    visit = visiting(browser, url, PHONE)
    page = visit.page
    begin(visit, "Dara")
    tap_ground(visit, *mines[1])
    page.locator("#mark").tap()
    page.locator("#verdict").get_by_text("Do not dig", exact=True).tap()
    visit.fits()
    page.locator("#close").tap()
    page.goto(url)
    begin(visit, "Vanna")
    assert "Tap the map" in page.locator("#note").inner_text()
    page.goto(url)
    begin(visit, "dara")
    assert page.locator("#note").is_hidden()
    hand_in(visit)
    scored = json.loads((folder / "training.jsonl").read_text().splitlines()[-1])
    assert scored["trainee"] == "dara"
    assert [mark["dig"] for mark in scored["marks"]] == [False]
    outcomes = sorted(thing["outcome"] for thing in scored["objects"] if thing["mine"])
    assert outcomes == ["left", "unmarked"]
    visit.done()


def test_a_name_that_is_typed_is_not_mixed_with_the_one_that_was_kept(browser, url, visiting):
    visit = visiting(browser, url, PHONE, trainee="Vanna")
    held = []
    visit.page.route("**/words.json*", lambda route: held.append(route))  # noqa: PLW0108 - a driver asks what is Python's own
    visit.page.goto(url)
    name = visit.page.locator("#trainee")
    assert name.input_value() == "Vanna"
    name.fill("")
    for request in held:
        request.continue_()
    visit.page.unroute("**/words.json*")
    visit.page.locator("a.card").first.wait_for()
    name.press_sequentially("dara")
    assert name.input_value() == "dara"
    visit.done()


def test_axe_finds_nothing_and_every_language_speaks(browser, url, visiting):
    axe = axe_script()
    visit = visiting(browser, url, PHONE)
    page = visit.page
    page.locator("#trainee").fill("Sok")
    page.locator("#trainee").press("Tab")
    page.evaluate(axe)
    for code, theme in (("lo", "light"), ("ar", "dark"), ("ja", "sun")):
        page.locator("#language").select_option(code)
        page.locator(f"html[lang={code}]").wait_for()
        page.evaluate("(theme) => setTheme(theme)", theme)
        assert violations(page) == [], code
        visit.fits()
    page.locator("#language").select_option("en")
    begin(visit, "Rith")
    page.evaluate(axe)
    page.locator("#mark").tap()
    for theme in ("light", "dark", "sun"):
        page.evaluate("(theme) => setTheme(theme)", theme)
        assert violations(page) == [], theme
    visit.done()


def test_every_control_of_the_training_works_by_finger_and_keyboard(browser, url, visiting):
    visit = visiting(browser, url)
    page, client = visit.page, visit.context.new_cdp_session(visit.page)
    for number, (size, how) in enumerate(itertools.product(SIZES, WAYS)):
        page.set_viewport_size(dict(zip(("width", "height"), SIZES[size], strict=True)))
        page.goto(url)
        page.locator("a.card").first.wait_for()
        page.locator("#language").select_option("fr")
        page.locator("html[lang=fr]").wait_for()
        assert unknown(page, [*TRAIN.values(), *LINKS]) == []
        for control in TRAIN.values():
            use(page, client, control, how)
        page.locator("#trainee").fill(f"Each {number}")
        page.locator("#trainee").press("Tab")
        page.locator("a.card").first.tap()
        page.frame_locator("#page").locator("#plan[data-drawn]").wait_for()
        page.locator("#mark:enabled").wait_for()
        assert unknown(page, [*LANE.values(), *LINKS]) == []
        for name, control in LANE.items():
            use(page, client, control, how)
            assert page.evaluate("document.documentElement.scrollWidth") <= SIZES[size][0], (name, size)
        use(page, client, LINKS[1], how)
        page.locator("#language").select_option("en")
        page.locator("html[lang=en]").wait_for()
    visit.done()
