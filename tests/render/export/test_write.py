"""What is written, when nothing is, what no file ever says, and the page of paper."""

from __future__ import annotations

import dataclasses
import json
import re
import sqlite3

import pytest

from dualsense.cli import run
from dualsense.errors import UsageError
from dualsense.language import NOT_REVIEWED, say, speaking
from dualsense.render import FORMATS, export_results, write_result
from dualsense.render._export import lettering, page
from dualsense.render._export.lettering import UNPRINTED
from dualsense.render._export.page import ROWS, page_pdf
from dualsense.render._figures.settle import is_drawn


@pytest.fixture(scope="module")
def placed(make_result, tmp_path_factory):
    """All formats of a scan that knows its place."""
    folder = tmp_path_factory.mktemp("placed")
    return export_results([make_result("wgs84")], folder / "out")


def images(content):
    """How many pictures the first page of a PDF holds."""
    pdfium = pytest.importorskip("pypdfium2", reason="pypdfium2 is not installed (extra test)")
    document = pdfium.PdfDocument(content)
    kind = pdfium.raw.FPDF_PAGEOBJ_IMAGE
    return sum(1 for _ in document[0].get_objects(filter=[kind]))


def texts(content):
    """What a PDF says, page by page."""
    pdfium = pytest.importorskip("pypdfium2", reason="pypdfium2 is not installed (extra test)")
    pages = pdfium.PdfDocument(content)
    said = [page.get_textpage().get_text_range() for page in pages]
    assert all(page.get_size() == pytest.approx((595.4, 841.7), abs=0.5) for page in pages)
    pages.close()
    return said


def test_every_format_is_written_and_none_calls_ground_harmless(placed):
    assert [path.name for path in placed] == [f"export.{name}" for name in FORMATS]
    for path in placed:
        content = path.read_bytes()
        if path.suffix == ".pdf":
            (said,) = texts(content)
        elif path.suffix == ".gpkg":
            base = sqlite3.connect(":memory:")
            base.deserialize(content)
            said = "\n".join(base.iterdump())
        else:
            said = content.decode("utf-8")
        assert not re.search(r"\b(safe|clear(ed)?)\b", said, re.IGNORECASE), path.name
        assert "not assessable" in said
        assert "soundings were not finite" in said
        assert "nothing here declares ground free of mines" in " ".join(said.split())


def test_two_runs_give_the_same_bytes(placed, make_result, tmp_path):
    for one, other in zip(placed, export_results([make_result("wgs84")], tmp_path), strict=True):
        assert one.read_bytes() == other.read_bytes(), one.name


def test_without_an_origin_kml_is_left_out_and_refused_when_asked_for(make_result, tmp_path):
    result = make_result("full")
    assert [p.suffix for p in export_results([result], tmp_path / "a", formats=("gpkg", "csv"))] == [
        ".csv",
        ".gpkg",
    ]
    with pytest.raises(UsageError, match="no origin on Earth"):
        export_results([result], tmp_path / "b", formats=("csv", "kml"))
    assert not (tmp_path / "b").exists()
    with pytest.raises(UsageError, match="shp: no such format"):
        export_results([result], tmp_path / "b", formats=("shp",))
    with pytest.raises(UsageError, match="nothing to export"):
        export_results([], tmp_path / "b")


def test_what_is_there_is_replaced_only_when_asked(make_result, tmp_path):
    result = make_result("full")
    (tmp_path / "export.gpkg").write_text("mine")
    with pytest.raises(UsageError, match="exists already"):
        export_results([result], tmp_path, formats=("csv", "gpkg"))
    assert [path.name for path in tmp_path.iterdir()] == ["export.gpkg"]
    assert (tmp_path / "export.gpkg").read_text() == "mine"
    export_results([result], tmp_path, formats=("csv", "gpkg"), overwrite=True)
    assert {path.name for path in tmp_path.iterdir()} == {"export.csv", "export.gpkg"}
    assert (tmp_path / "export.gpkg").read_bytes().startswith(b"SQLite")


def test_the_page_has_the_mark_the_head_the_list_and_the_advice(make_result):
    header = dataclasses.replace(make_result("wgs84").header, source="simulated")
    (said,) = texts(page_pdf(make_result("wgs84", header=header)))
    flat = " ".join(said.split())
    for words in (
        "lane-07-patch-3", "SIMULATED DATA", "3 places to dig.", "Recorded or simulated: simulated",
        "2026-03-04T05:06:07Z",
        "Site: training lane", "Operator: A. Operator", "covered by both sensors 0.11 m²", "not assessable",
        "Coordinates: WGS 84, origin 13.1000000°", "accuracy of the origin", "T1 suspect", "T3 likely clutter",
        "28 cm ahead, 9 cm to the left", "What limits this answer", "This is advice",
    ):  # fmt: skip
        assert words in flat, words


def test_the_longest_list_and_the_longest_names_stay_on_one_page(make_result):
    full = make_result("full")
    many = tuple(dataclasses.replace(full.targets[0], id=f"T{n}") for n in range(60))
    header = dataclasses.replace(full.header, site="x" * 5000, scan_id="ផ្លូវ" * 300, operator="=1\x1b[0m")
    (said,) = texts(page_pdf(make_result("full", targets=many, faults=full.faults * 30, header=header)))
    assert f"and {60 - ROWS} more, which this page has no room for" in said
    assert "and 24 more: see the report" in said
    assert "This is advice" in said


def test_a_list_of_nothing_says_what_it_does_not_tell(make_result):
    (said,) = texts(page_pdf(make_result("nothing_covered")))
    assert "This patch was not assessed." in said
    assert "tells nothing of what was not covered" in " ".join(said.split())
    assert "not assessable: 100 % of the patch" in " ".join(said.split())


@pytest.mark.parametrize("code", ("fr", "uk", "km", "ar"))
def test_the_page_speaks_the_language_where_its_letters_can_be_set_and_else_says_so(
    make_result, code, monkeypatch
):
    monkeypatch.setattr(lettering.font, "has_letter", lambda letter: letter.isascii())
    page._is_set.cache_clear()
    header = dataclasses.replace(make_result("full").header, site="ភូមិ ក", operator="Сок")
    with speaking(code):
        heads = say("What limits this answer"), say("not assessable"), say(NOT_REVIEWED)
        (said,) = texts(page_pdf(make_result("full", header=header)))
    page._is_set.cache_clear()
    is_drawn.cache_clear()
    flat = " ".join(said.split())
    assert "?" not in flat
    assert UNPRINTED in flat
    assert "Сок" in flat
    in_english = f"cannot print the letters of the language {code!r}"
    if code in {"fr", "uk"}:
        assert all(words in flat for words in heads)
        assert in_english not in flat
    else:
        assert in_english in flat
        assert "What limits this answer" in flat


def test_what_is_not_set_as_text_is_drawn_in_its_own_letters(make_result):
    header = dataclasses.replace(make_result("full").header, site="ភូមិ ក", source="simulated")
    result = make_result("full", header=header)
    with speaking("km"):
        pdf = page_pdf(result)
    (said,) = texts(pdf)
    assert "cannot print the letters" not in said
    assert UNPRINTED not in said
    assert "What limits this answer" not in said
    assert images(pdf) > 20
    assert images(page_pdf(result)) == 2  # the picture, and the line with the name of the site


def test_tables_and_pictures_are_english_whatever_the_language(make_result, tmp_path):
    tables = ("csv", "geojson", "kml", "gpkg")
    plain = export_results([make_result("wgs84")], tmp_path / "en", formats=tables)
    with speaking("uk"):
        spoken = export_results([make_result("wgs84")], tmp_path / "uk", formats=tables)
    assert [path.read_bytes() for path in plain] == [path.read_bytes() for path in spoken]


def test_the_verb_writes_what_is_asked_for_and_says_what_it_left_out(make_result, tmp_path, capsys):
    folder = tmp_path / "lane"
    folder.mkdir()
    write_result(make_result("full"), folder / "result.h5")
    (tmp_path / "map.toml").write_text("[columns]\nObject = 'id'\n", encoding="utf-8")
    words = ["export", str(folder), "-o", str(tmp_path / "out"), "--columns", str(tmp_path / "map.toml")]
    assert run([*words, "--format", "csv,geojson"]) == 0
    assert capsys.readouterr().out == f"wrote export.csv, export.geojson to {tmp_path / 'out'}\n"
    assert (tmp_path / "out" / "export.csv").read_text(encoding="utf-8").startswith("Object,record,")
    assert run([*words, "--json", "--overwrite"]) == 0
    assert json.loads(capsys.readouterr().out)["left_out"] == ["kml"]
    assert run(["export", str(folder / "result.h5"), "-o", str(tmp_path / "kml"), "--format", "kml"]) == 2
    assert "has no origin on Earth" in capsys.readouterr().err
    assert run([*words, "--format", "gpkg"]) == 2
    assert "--columns is for csv" in capsys.readouterr().err
    assert run([*words, "--format", "shp"]) == 2
    assert run(["export", str(tmp_path / "nowhere"), "-o", str(tmp_path / "kml")]) != 0
    assert capsys.readouterr().err.count("\n") == 2


def test_exports_are_exchanged_all_at_once(make_result, tmp_path, monkeypatch):
    """Whoever is killed between two files leaves no old one beside a new one: nothing is written in place."""
    folder = tmp_path / "out"
    export_results([make_result("full")], folder, formats=("csv", "geojson"))
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    monkeypatch.setattr("dualsense.runtime.folders._sync_all", lambda _: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        export_results([make_result("no_radar")], folder, formats=("csv", "geojson"), overwrite=True)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
