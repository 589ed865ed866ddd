"""The report: one page without a single reference outside, hostile text harmless, no words of comfort."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import html
import json
import math
import re
import zlib
from html.parser import HTMLParser
from importlib.resources import files
from itertools import pairwise

import numpy as np
import pytest

from dualsense.language import catalogue, languages, speaking
from dualsense.render._figures import panels, style
from dualsense.render._figures.style import View
from dualsense.render._report import viewer
from dualsense.render._report.report import report_html, write_report
from dualsense.render._report.sentences import SENTENCES
from dualsense.render._targets import CALL_NAMES, ordered_targets
from dualsense.render._words import ADVICE
from dualsense.scan import Fault
from oracles.pictures import gained

NEVER = re.compile(r"\b(safe|safely|clear|cleared|clearance|harmless)\b", re.IGNORECASE)
VARIANTS = ("full", "no_radar", "no_emi", "emi_failed", "no_targets", "nothing_covered", "simulated", "wgs84")
PICTURES = ("fused.png", "emi_map.png", "gpr_slices.png", "gpr_sections.png")
VOID = {"meta", "link", "img", "input", "br", "hr"}


class Page(HTMLParser):
    """Elements with their attributes, the text in sight, and whether every element is closed."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.text, self.open, self.hidden = [], [], [], 0
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if not {"script", "style", "svg"} & set(self.open):
            self.text.append(data)

    def all(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]

    @property
    def words(self):
        return re.sub(r"\s+", " ", " ".join(self.text).replace("\u00a0", " "))


@pytest.fixture(scope="module")
def page(pictures, make_result):
    """Text and parsed page of a result; a changed one is shown with the pictures of the full one."""
    known = {}

    def make(result):
        if id(result) not in known:
            kept = any(result is make_result(variant) for variant in VARIANTS)
            text = report_html(result, pictures(result if kept else make_result("full")))
            known[id(result)] = (result, text, Page(text))
        return known[id(result)][1:]

    return make


def test_every_element_is_closed(any_result, page):
    _, parsed = page(any_result)
    assert parsed.open == []


def test_nothing_outside_is_referred_to(any_result, page):
    text, parsed = page(any_result)
    assert "http:" not in text
    assert "https:" not in text
    assert "//cdn" not in text
    assert "@import" not in text
    assert all(source.startswith('"data:font/woff2;base64,') for source in re.findall(r"url\((.{30})", text))
    for _, attributes in parsed.elements:
        for name in ("src", "href", "action", "srcset", "poster", "data"):
            assert attributes.get(name, "data:").startswith("data:")


def test_content_policy_allows_only_what_is_inline(full_result, page):
    text, parsed = page(full_result)
    (policy,) = [
        attributes["content"]
        for attributes in parsed.all("meta")
        if attributes.get("http-equiv") == "Content-Security-Policy"
    ]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'none'"
    assert rules["img-src"] == rules["font-src"] == "data:"
    assert "unsafe" not in policy
    for kind, pattern in (("script-src", r"<script>(.*?)</script>"), ("style-src", r"<style>(.*?)</style>")):
        (inline,) = re.findall(pattern, text, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(inline.encode()).digest()).decode()
        assert rules[kind] == f"'sha256-{digest}'"
    # What the policy would block must not be there to begin with.
    for _, attributes in parsed.elements:
        assert "style" not in attributes
        assert not [name for name in attributes if name.startswith("on")]


def test_our_own_words_never_comfort(any_result, page):
    text, _ = page(any_result)
    own = re.sub(r"data:image/png;base64,[A-Za-z0-9+/=]+", "", text)
    own = re.sub(r'"(volume|cells)":"[A-Za-z0-9+/=]*"', "", own)
    assert NEVER.findall(own) == []


def test_advice_is_always_there(any_result, page):
    # At the head of the page, at its end, and on each sheet of paper.
    assert page(any_result)[1].words.count(ADVICE) == 5


def test_two_runs_give_the_same_bytes(full_result, pictures, tmp_path):
    first = write_report(full_result, tmp_path).read_bytes()
    assert report_html(full_result, pictures(full_result)).encode() == first


def test_headline_comes_before_the_instrument_and_the_instrument_before_the_pictures(full_result, page):
    text, parsed = page(full_result)
    assert (
        "3 places to dig. 2 suspects. 1 object not assessable. 1 object likely clutter. "
        "9 % of this patch was not assessable." in parsed.words
    )
    order = [
        text.index(mark)
        for mark in (
            "3 places to dig.",
            "Radar lost a part",
            'id="plan"',
            'id="targets"',
            "Radar with metal contours",
        )
    ]
    assert order == sorted(order)


def test_page_without_targets(make_result, page):
    words = page(make_result("no_targets"))[1].words
    assert "9 % of this patch was not assessable. No suspect found in the part that was assessed." in words
    assert "No target found in the part that was assessed." in words
    words = page(make_result("nothing_covered"))[1].words
    assert "This patch was not assessed. No part of this patch was assessable by both sensors." in words
    assert "No suspect" not in words


def test_each_target_has_its_row_in_the_list_and_on_paper(full_result, page):
    text, _ = page(full_result)
    rows = re.findall(r'<li class="row .*?</div>\n</li>', text, re.DOTALL)
    paper = re.findall(r"<tr class=.*?</tr>", text, re.DOTALL)
    assert len(rows) == len(paper) == 4
    for row, line, target in zip(rows, paper, ordered_targets(full_result), strict=True):
        for words in (Page(row).words, Page(line).words):
            assert words.strip().startswith(f"{target.id} {CALL_NAMES[target.call]}")
            for reason in target.reasons:
                assert reason in words
    first = Page(rows[0]).words
    for phrase in (
        "a mine cannot be ruled out: score 0.87, no probability",
        "4.5 ± 1.1 cm",
        "11 cm ahead, 15 cm to the left",
        "54° left of the lane direction, 19 cm",
    ):
        assert phrase in first, phrase
    assert "11.0 ± 0.8 cm, 15.0 ± 0.8 cm" in Page(paper[0]).words
    assert "WGS 84" not in Page(text).words


def test_a_chance_stands_in_words_and_in_100(full_result, page):
    result = dataclasses.replace(full_result, model="simulated-9", suspect_threshold=0.027)
    weak = dataclasses.replace(full_result.targets[0], confidence=0.03)
    words = page(dataclasses.replace(result, targets=(weak,)))[1].words
    assert "a mine cannot be ruled out: 3 in 100" in words
    assert "0.03" not in words


def test_what_only_an_engineer_understands_stays_in_the_json(full_result, page):
    words = page(full_result)[1].words
    for key in ("log-likelihood", "log_likelihood", "moment_m3", "contrast"):
        assert key not in words


def test_place_on_earth_when_known(make_result, page):
    words = page(make_result("wgs84"))[1].words
    assert "13.1000" in words
    assert "from true north, 19 cm" in words


def test_calibrated_models_are_not_called_uncalibrated(full_result, page):
    words = page(dataclasses.replace(full_result, model="stacked-2"))[1].words
    assert "uncalibrated" not in words.lower()
    assert "in 100 such finds are mines, by the model stacked-2." in words


def test_a_model_of_simulated_ground_says_so_and_from_where_on_a_target_is_suspect(full_result, page):
    result = dataclasses.replace(full_result, model="simulated-9", suspect_threshold=0.027)
    words = page(dataclasses.replace(result, stated_detection=0.99))[1].words
    assert "calibrated on simulated ground only; real ground may differ" in words
    assert "suspect from 2.7 in 100 up, so that at least 99 of 100 simulated mines within range are" in words
    words = page(result)[1].words  # the user has set the threshold or the prior
    assert "suspect from 2.7 in 100 up." in words
    assert "suspect from" not in page(full_result)[1].words


def test_faults_and_missing_sensors_are_prominent(make_result, page):
    text, parsed = page(make_result("emi_failed"))
    assert "Metal detector failed: channel 0 is constant in all 1270 samples." in parsed.words
    assert "This ground is not assessable by it. samples-constant" in parsed.words
    assert 'class="fault failed" role="alert"' in text
    assert "Radar: not recorded — this ground is not assessable by it." in page(make_result("no_radar"))[1].words


def test_coverage_and_soil_are_stated(full_result, make_result, page):
    words = page(full_result)[1].words
    assert "Both sensors 91 % 9 %" in words
    assert "4.20 ± 0.30" in words
    assert "14.63 ± 0.52 cm/ns" in words
    assert "Unknown: the radar gave no image" in page(make_result("no_radar"))[1].words
    bare = dataclasses.replace(full_result, relative_permittivity_std=math.nan)
    assert "4.20, uncertainty unknown" in page(bare)[1].words


def test_provenance_is_there_once(full_result, page):
    words = page(full_result)[1].words
    assert words.count("ab" * 32) == 1
    assert words.count("cd" * 32) == 1
    assert "window = 'hann'" in words
    assert "A. Operator" in words


def test_what_is_told_already_is_left_out_in_every_language_alike(make_result, page):
    result = make_result("simulated")
    told = {"scan_source": "simulated", "scan_id": result.header.scan_id}
    more = dataclasses.replace(result, provenance={**result.provenance, **told})
    assert page(more)[0].count("<th") == page(result)[0].count("<th")


def test_simulated_data_say_so(make_result, page):
    assert "SIMULATED DATA" in page(make_result("simulated"))[1].words
    assert "SIMULATED DATA" not in page(make_result("full"))[1].words


def test_hostile_text_stays_text(full_result, page):
    evil = "</script><script>alert(1)</script><img src=x onerror=alert(1)>\"'{{7*7}}&lt;"
    target = dataclasses.replace(full_result.targets[0], id=evil, reasons=(evil,))
    header = dataclasses.replace(full_result.header, scan_id=evil, notes=evil, operator=evil, site=evil)
    result = dataclasses.replace(
        full_result,
        header=header,
        targets=(target,),
        model="uncalibrated-" + evil,
        faults=(Fault("pose", "degraded", "/pose", evil),),
        provenance={evil: evil, "recipe": evil + "\n" + evil},
    )
    text, parsed = page(result)
    assert len(parsed.all("script")) == 3
    assert not [attributes for attributes in parsed.all("img") if not attributes["src"].startswith("data:")]
    assert "onerror=alert" not in re.sub(r"&[a-z#0-9]+;", "", text.split("<main>")[0].split("<title>")[0])
    assert evil in parsed.words or html.unescape(evil) in parsed.words
    assert "49" not in re.findall(r"<h1.*?</h1>", text, re.DOTALL)[0]
    assert parsed.open == []


def test_headings_and_labels_serve_a_screen_reader(full_result, page):
    text, parsed = page(full_result)
    assert parsed.all("html")[0]["lang"] == "en"
    assert len(parsed.all("h1")) == 1
    levels = [int(tag[1]) for tag, _ in parsed.elements if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert all(later - former <= 1 for former, later in pairwise(levels))
    assert all(len(attributes.get("alt", "")) > 20 for attributes in parsed.all("img"))
    identities = [attributes["id"] for _, attributes in parsed.elements if "id" in attributes]
    assert len(identities) == len(set(identities))
    for _, attributes in parsed.elements:
        for name in ("aria-labelledby", "for"):
            assert attributes.get(name, identities[0]) in identities
    assert "T1 suspect 11 cm ahead, 15 cm to the left" in html.unescape(text)


def _data(text, name="page-data"):
    (inner,) = re.findall(rf'<script type="application/json" id="{name}">(.*?)</script>', text, re.DOTALL)
    return json.loads(inner)


def _cells(text, *shape):
    """Unpack cells the plain way, as the page does: deflate, then sums down the rows."""
    raw = zlib.decompress(base64.b64decode(text), wbits=-15)
    steps = np.frombuffer(raw, dtype=np.uint8).reshape(shape).astype(int)
    return np.cumsum(steps, axis=-2) % 64


def test_the_instrument_draws_from_the_volume_itself(full_result, page):
    data = _data(page(full_result)[0])
    volume, ground = full_result.gpr_volume, data["ground"]
    assert data["depths"] == pytest.approx(list(100.0 * volume.depth_m), abs=0.006)
    assert (ground["left"], ground["bottom"], ground["cell"]) == (-1.0, -1.5, 0.5)
    steps = _cells(data["volume"], len(data["depths"]), ground["rows"], ground["columns"])
    assert steps.shape == volume.values.shape
    expected = gained(full_result)
    known = np.isfinite(expected)
    np.testing.assert_array_equal(steps == 63, ~known)
    # Half a step of the root of the amplitude.
    error = np.abs(steps[known] / 62.0 - np.sqrt(expected[known] / data["top"]))
    assert error.max() <= 0.5 / 62.0 + 1e-6


def test_the_page_knows_which_sensor_told_of_which_cell(make_result, page):
    for variant, absent in (("full", ()), ("no_radar", ("radar",)), ("emi_failed", ("metal",))):
        result = make_result(variant)
        data = _data(page(result)[0])
        cover, bits = result.coverage, data["bits"]
        seen = _cells(data["seen"]["cells"], *cover.patch.shape)
        np.testing.assert_array_equal((seen & bits["patch"]) > 0, cover.patch)
        for name, mask in (("metal", cover.emi), ("radar", cover.gpr)):
            np.testing.assert_array_equal((seen & bits[name]) > 0, mask)
            assert bool(data["messages"][name]) == (name in absent)


def test_without_a_radar_image_the_page_shows_the_metal_and_no_depths(make_result, page):
    data = _data(page(make_result("no_radar"))[0])
    assert data["volume"] is None
    assert data["depths"] == []
    assert list(data["layers"]) == ["metal"]
    assert list(_data(page(make_result("nothing_covered"))[0])["layers"]) == []


def test_slider_contours_lie_where_the_metal_map_has_the_level(full_result):
    metal = full_result.emi_maps["metal_response"]
    data = viewer.viewer_data(full_result, View())
    level = panels.contour_levels(metal, style.colour_limits(full_result, View()).metal)[2]
    lines = data["contours"][2]
    points = np.concatenate([np.array(line).reshape(-1, 2) for line in lines]) / 100.0
    row = np.rint((points[:, 1] - metal.grid.y_m[0]) / metal.grid.cell_m).astype(int)
    column = np.rint((points[:, 0] - metal.grid.x_m[0]) / metal.grid.cell_m).astype(int)
    assert len(points) > 50
    np.testing.assert_allclose(metal.values[row, column], level, rtol=0.15)


def test_big_volumes_are_thinned_without_losing_an_echo(full_result, monkeypatch):
    monkeypatch.setattr(viewer, "MOST_SLICES", 20)
    monkeypatch.setattr(viewer, "MOST_CELLS", 25_000)
    data = viewer.viewer_data(full_result, View())
    ground = data["ground"]
    assert len(data["depths"]) == 17
    assert (ground["columns"], ground["rows"], ground["cell"]) == (40, 33, 1.0)
    steps = _cells(data["volume"], 17, 33, 40)
    assert steps[steps < 63].max() == 62
    row, column = np.unravel_index(int(np.argmax(np.where(steps[3] == 63, -1, steps[3]))), (33, 40))
    assert ground["left"] + ground["cell"] * (column + 0.5) == pytest.approx(11.0, abs=1.1)
    assert ground["bottom"] + ground["cell"] * (row + 0.5) == pytest.approx(15.0, abs=1.1)


def test_every_sentence_of_the_page_comes_from_one_place(full_result, page):
    """Scripts and template hold names of sentences, and each sentence is used."""
    assets = files("dualsense.render") / "assets"
    scripts = "".join(entry.read_text(encoding="utf-8") for entry in (assets / "page").iterdir())
    template = (assets / "report.html.j2").read_text(encoding="utf-8")
    said = set(re.findall(r'say\("(\w+)"', scripts)) | set(re.findall(r"say\.(\w+)", template))
    said |= {name for name in re.findall(r'\? "(\w+)" :', scripts + template) if name in SENTENCES}
    said |= {name for name in re.findall(r': "(\w+)"', scripts) if name in SENTENCES}
    assert said <= set(SENTENCES)
    by_rule = {name for name in SENTENCES if name.startswith(("layer_", "look_"))}
    in_python = {"none_assessed", "none_found", "uncalibrated", "calibrated", "unknown_area"}
    assert set(SENTENCES) - said - by_rule == in_python
    assert _data(page(full_result)[0], "languages")["tongues"]["en"]["say"] == dict(SENTENCES)


def test_page_holds_every_language_and_each_says_the_same_texts(any_result, page):
    text, parsed = page(any_result)
    table = _data(text, "languages")
    assert list(table["tongues"]) == list(languages())
    marked = [int(place) for _, attributes in parsed.elements for name, place in attributes.items()
              if name == "data-said" or name.startswith("data-in-")]  # fmt: skip
    assert sorted(marked) == list(range(len(table["at"])))
    assert {len(tongue["texts"]) for tongue in table["tongues"].values()} == {max(table["at"]) + 1}
    english = table["tongues"]["en"]
    for _, attributes in parsed.elements:
        for name, place in attributes.items():
            if name.startswith("data-in-"):
                assert attributes[name.removeprefix("data-in-")] == english["texts"][table["at"][int(place)]]
    for tongue in table["tongues"].values():
        assert tongue["say"].keys() == english["say"].keys()
        assert tongue["terms"].keys() == english["terms"].keys()


def test_targets_with_longer_words_are_not_pushed_off_the_paper(full_result):
    """Whether a sheet has room for reasons is told for each language."""
    reason = "radar: small object, 5 cm deep, about 4 cm across"
    pictures = {name: b"\x89PNG" + bytes(40) for name in PICTURES}

    def languages_of(count):
        kept = tuple(
            dataclasses.replace(full_result.targets[0], id=f"T{n}", reasons=(reason,) * 3) for n in range(count)
        )
        return _data(report_html(dataclasses.replace(full_result, targets=kept), pictures), "languages")["tongues"]

    few, some, many = (languages_of(count) for count in (2, 10, 40))
    assert not any(tongue["many"] for tongue in few.values())
    assert not some["en"]["many"]
    assert some["fr"]["many"]
    assert all(tongue["many"] for tongue in many.values())


def test_page_opens_in_the_language_at_hand(full_result, page):
    with speaking("ar"):
        text = report_html(full_result, {name: b"\x89PNG" + bytes(40) for name in PICTURES})
    assert '<html lang="ar" dir="rtl"' in text
    assert "مواضع للحفر" in " ".join(Page(text).text)
    assert _data(text, "languages")["first"] == "ar"
    here, english = (_data(one, "languages")["tongues"] for one in (text, page(full_result)[0]))
    for code, tongue in english.items():
        assert {**here[code], "texts": []} == {**tongue, "texts": []}
        told = [one for one in here[code]["texts"] if one not in tongue["texts"]]
        assert len(told) == 1, "only the language of the pictures is another"
        assert catalogue("ar").name in told[0]
    assert _data(text) == _data(page(full_result)[0]), "what is drawn has no language"


def test_paper_holds_every_target_or_says_how_many_are_left_out(full_result, page):
    many = tuple(dataclasses.replace(full_result.targets[0], id=f"T{n}") for n in range(60))
    text, parsed = page(dataclasses.replace(full_result, targets=many))
    rows = re.findall(r'<tr class="suspect( onscreen)?">', text)
    assert len(rows) == 60
    left_out = sum(bool(row) for row in rows)
    assert f"and {left_out} more in targets.csv" in parsed.words
    assert "more in targets.csv" not in page(full_result)[1].words


def test_track_is_broken_where_there_was_no_pose(full_result):
    lines = viewer.viewer_data(full_result, View())["track"]
    assert len(lines) == 2
    assert all(math.isfinite(value) for line in lines for value in line)


def test_the_scripts_of_the_page_declare_each_name_once(project_root):
    """They are one function: a name that two of them declare ends all of it before it has begun."""
    scripts = sorted((project_root / "src" / "dualsense" / "render" / "assets" / "page").glob("*.js"))
    text = "\n".join(path.read_text(encoding="utf-8") for path in scripts)
    names = re.findall(r"^ {2}(?:async )?(?:const|let|class|function\*?) (\w+)", text, flags=re.MULTILINE)
    assert len(names) > 50
    assert sorted(name for name in set(names) if names.count(name) > 1) == []
