"""The engineer's page: a change, before and after, A beside B, saved; and who is answered."""

from __future__ import annotations

import http.client
import json
import shutil
from urllib.parse import urlsplit

import pytest

from dualsense.app._bench import Source, understood
from dualsense.cli import run
from dualsense.errors import UsageError
from oracles.axe import axe_script, violations

START = ("--set", "survey.cell_m=0.02", "--set", "gpr.migrate.depth_stop_m=0.1")


@pytest.fixture(scope="module")
def folder(sample_dir, tmp_path_factory):
    made = tmp_path_factory.mktemp("tuned")
    shutil.copy(sample_dir / "pmn_sand.h5", made / "lane.h5")
    return made


@pytest.fixture(scope="module")
def tuned(folder, serving):
    pytest.importorskip("starlette", reason="needs dualsense[app]")
    pytest.importorskip("uvicorn", reason="needs dualsense[app]")
    with serving(folder / "lane.h5", "tune", *START) as started:
        yield started


def post(server, path, body, **headers):
    address = urlsplit(server.url)
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=120)
    own = {"Content-Type": "application/json", "Origin": f"http://{address.netloc}"}
    try:
        connection.request("POST", path, json.dumps(body), {**own, **headers})
        answer = connection.getresponse()
        return answer.status
    finally:
        connection.close()


def test_only_pages_of_this_server_may_ask_for_anything(tuned, folder):
    for what in ("look", "save", "seen"):
        assert post(tuned, f"/api/{what}", {}, Origin="http://evil.example") == 403
        assert post(tuned, f"/api/{what}", {}, **{"Sec-Fetch-Site": "cross-site"}) == 403
        assert tuned.get(f"/api/{what}")[0] == 405
    assert post(tuned, "/api/look", {}, Host="evil.example") == 421
    assert post(tuned, "/api/look", []) == 400
    assert post(tuned, "/api/other", {}) == 404
    assert not (folder / "lane-tuned").exists()
    for name in ("0" * 32, "../lane.h5", "..%2flane.h5", "x"):
        assert tuned.get(f"/pictures/{name}")[0] == 404
    for path in ("/", "/tune.js", "/api/session"):
        status, headers, _ = tuned.get(path)
        assert status == 200
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]


@pytest.mark.parametrize(
    "given",
    (
        {"done": "gpr.fk.on=true"},
        {"done": [["a"] * 21]},
        {"done": [[]]},
        {"held": [[7]]},
        {"done": [["x=1"]] * 501},
        {"done": [["x" * 501]]},
        {"place_m": [0.1]},
        {"place_m": [0.1, float("nan")]},
        {"depth_m": True},
        {"depth_m": -0.1},
        {"move": 1e9},
        {"move": 0.5},
        {"step": 5},
        {"switch": "maybe"},
        {"switch": True},
        {"panel": "yes"},
        {"run": 1.5},
        {"spacing_m": 0.0},
    ),
)
def test_what_is_no_session_is_refused_before_the_worker_sees_it(given):
    with pytest.raises(UsageError, match="expected"):
        understood(given, Source("lane.h5"), "look", "out")


IDLE = "body[data-busy=false]"


@pytest.fixture(scope="module")
def tablet(tuned, browser):
    """The page on a tablet, with all that it says and asks for."""
    said, asked = [], []
    context = browser.new_context(viewport={"width": 1024, "height": 768}, has_touch=True)
    page = context.new_page()
    page.set_default_timeout(90_000)
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(tuned.url)
    page.locator(IDLE).wait_for()
    yield page, said, asked
    context.close()


WATCH = """() => new MutationObserver(() => {
  if (document.body.dataset.provisional !== "true" || window.ahead) return;
  requestAnimationFrame(() => { window.ahead = {
    note: document.getElementById("note").textContent,
    pending: document.getElementById("pending").hidden ? "" : document.getElementById("pending").textContent,
    picture: document.querySelectorAll("#maps figcaption")[1].textContent,
    faded: Number(getComputedStyle(document.getElementById("found")).opacity),
  }; });
}).observe(document.body, { attributes: true })"""
"""Notes what the page says while it shows a picture ahead of the result."""


def take_a_step_out_and_put_it_back(page):
    first = page.locator("body").get_attribute("data-recipe")
    page.evaluate(WATCH)
    page.locator("#switch-gpr\\.background").tap()
    page.locator("#changes li").wait_for()
    page.locator(IDLE).wait_for()
    assert page.locator("#changes").inner_text() == 'gpr.background.method="none"'
    assert page.locator("#note").inner_text().startswith("Steps computed anew: 8, from gpr.background")
    ahead = page.evaluate("window.ahead")
    assert ahead["note"].startswith("Computing")
    assert ahead["pending"].startswith("PROVISIONAL")
    assert ahead["picture"].startswith("B, provisional")
    assert ahead["faded"] < 0.5
    assert page.locator("#pending").is_hidden()
    assert page.locator("body").get_attribute("data-provisional") == "false"
    assert page.locator("#maps img").count() == 3
    assert page.locator("#figures tr.other").count() > 0
    assert "detected" in page.locator("#figures").inner_text()
    assert page.locator("#faults li").count() == page.evaluate("shown.faults.length")

    page.locator("#undo").tap()
    page.locator(f"body[data-recipe='{first}']").wait_for()
    page.locator(IDLE).wait_for()


def change_a_key_and_an_order(page):
    page.locator("#open-gpr\\.image").tap()
    page.locator("#keys-title", has_text="gpr.image").wait_for()
    page.locator(IDLE).wait_for()
    contrast = page.locator("[id='gpr.image.min_contrast']")
    contrast.fill("0.5")
    contrast.press("Tab")
    page.locator("#note", has_text="Not taken: recipe: gpr.image.min_contrast").wait_for()
    contrast.fill("6")
    contrast.press("Tab")
    page.locator("#changes li", has_text="gpr.image.min_contrast=6").wait_for()
    page.locator(IDLE).wait_for()
    page.locator("#later-gpr\\.declip").tap()
    page.locator("#changes li", has_text="gpr.order.samples").wait_for()
    page.locator(IDLE).wait_for()


@pytest.mark.browser
def test_a_session_on_a_tablet(tablet, folder):
    page, said, asked = tablet
    assert page.locator("#simulated").inner_text() == "SIMULATED DATA"
    assert page.locator("#sections img").count() == 3
    assert page.locator("#curves svg").count() == 2
    take_a_step_out_and_put_it_back(page)
    change_a_key_and_an_order(page)
    page.locator("#save").tap()
    page.locator("#note", has_text="Saved").wait_for()
    assert (folder / "lane-tuned" / "result" / "result.h5").is_file()
    recipe = (folder / "lane-tuned" / "recipe.toml").read_text()
    assert "min_contrast = 6.0" in recipe
    assert 'samples = ["offset", "declip"' in recipe
    assert "gpr.image.min_contrast=6" in (folder / "lane-tuned" / "session.py").read_text()

    assert page.evaluate("document.documentElement.scrollWidth") <= 1024
    for one in page.locator("button:visible").all():
        box = one.bounding_box()
        assert min(box["width"], box["height"]) >= 44
    page.evaluate(axe_script())
    assert violations(page) == []
    assert {urlsplit(url).hostname for url in asked} == {"127.0.0.1"}
    assert [text for text in said if "409" not in text] == []


def test_what_lies_where_a_session_would_be_saved_is_not_replaced_unasked(tmp_path, capsys):
    (tmp_path / "recipe.toml").write_text("# of somebody else")
    assert run(["tune", str(tmp_path / "none.h5"), "-o", str(tmp_path)]) == 2
    assert "recipe.toml exists already" in capsys.readouterr().err
    assert run(["tune", str(tmp_path / "none.h5"), "-o", str(tmp_path), "--overwrite"]) == 2
    assert "none.h5: no such file" in capsys.readouterr().err
