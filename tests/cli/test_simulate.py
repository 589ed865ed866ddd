"""The verb simulate: scans that repeat, faults on demand, lists with sources, and one-line refusals."""

from __future__ import annotations

import re
from dataclasses import replace

import h5py
import pytest

import dualsense.simulate._scene.lanes
from dualsense.cli import run
from dualsense.simulate import PRESETS

SCENE = """
radar = false
[motion]
length_m = 0.5
width_m = 0.1
[faults]
dropout_part = 0.2
"""


def one_line(text):
    return re.fullmatch(r"dualsense: error: [^\n]+\n", text) is not None


def test_invented_lanes_are_labelled_and_repeat(tmp_path, capsys):
    first, again = (tmp_path / name for name in ("first.h5", "again.h5"))
    for path in (first, again):
        assert run(["simulate", "--preset", "no-mines", "--seed", "5", "-o", str(path)]) == 0
    assert first.read_bytes() == again.read_bytes()
    with h5py.File(first) as file:
        assert file.attrs["source"] == "simulated"
        assert "targets" in file["truth"]
    assert "objects, 0 of them mines" in capsys.readouterr().out


def test_a_lanes_scene_can_be_written_and_makes_the_same_scan(tmp_path, monkeypatch):
    small = replace(PRESETS["no-mines"], length_m=0.3, width_m=0.2)
    monkeypatch.setattr(dualsense.simulate._scene.lanes, "find_preset", lambda _: small)
    make = ["simulate", "--seed", "5", "--preset", "no-mines"]
    scene, one, two = tmp_path / "scene.toml", tmp_path / "1.h5", tmp_path / "2.h5"
    assert run([*make, "-o", str(one)]) == 0
    assert run([*make, "-o", str(scene), "--write-scene"]) == 0
    assert run(["simulate", str(scene), "--seed", "5", "-o", str(two)]) == 0
    assert one.read_bytes() == two.read_bytes()
    assert run([*make, "-o", str(scene), "--write-scene"]) == 2
    assert run([*make, "-o", str(tmp_path), "--write-scene", "--lanes", "2"]) == 2


def test_one_lane_alone_is_that_of_the_folder(tmp_path):
    make = ["simulate", "--preset", "no-mines", "--seed", "3"]
    assert run([*make, "--lanes", "1", "-o", str(tmp_path / "lanes")]) == 0
    assert run([*make, "-o", str(tmp_path / "alone.h5")]) == 0
    assert (tmp_path / "alone.h5").read_bytes() == (tmp_path / "lanes" / "no-mines-000003.h5").read_bytes()


def test_the_scene_is_not_overwritten_with_its_scan(tmp_path, capsys):
    scene = tmp_path / "scene.toml"
    scene.write_text("[motion]\nlength_m = 0.1\nwidth_m = 0.03\n", encoding="utf-8")
    assert run(["simulate", str(scene), "--seed", "1", "-o", str(scene), "--overwrite"]) == 2
    assert "is the scene itself" in capsys.readouterr().err
    assert scene.read_text(encoding="utf-8").startswith("[motion]")


def test_another_seed_is_another_scan(tmp_path):
    (tmp_path / "scene.toml").write_text(SCENE, encoding="utf-8")
    for seed in ("5", "6"):
        assert (
            run(["simulate", str(tmp_path / "scene.toml"), "--seed", seed, "-o", str(tmp_path / f"{seed}.h5")])
            == 0
        )
    assert (tmp_path / "5.h5").read_bytes() != (tmp_path / "6.h5").read_bytes()


@pytest.mark.parametrize(
    ("text", "expected"),
    (
        ("[soil]\nrelative_permitivity = 4", "scene.toml: unknown key soil.relative_permitivity; known are"),
        ("[soil", "scene.toml: cannot be read as a scene: "),
        ("[[objects]]\nmodel = 'PMN'\nx_m = 0\ny_m = 0\ndepth_m = -1", "scene.toml: objects[0].depth_m must be"),
        (
            "[[objects]]\nmodel = 'PNM'\nx_m = 0\ny_m = 0\ndepth_m = 0",
            "objects[0].model: unknown model 'PNM'",
        ),
    ),
)
def test_a_wrong_scene_is_one_line_that_names_the_key(text, expected, tmp_path, capsys):
    (tmp_path / "scene.toml").write_text(text, encoding="utf-8")
    assert run(["simulate", str(tmp_path / "scene.toml"), "--seed", "1", "-o", str(tmp_path / "x.h5")]) == 2
    said = capsys.readouterr().err
    assert one_line(said)
    assert expected in said
    assert not (tmp_path / "x.h5").exists()


@pytest.mark.parametrize(
    "arguments",
    ((), ("--preset", "moon"), ("--preset", "sand", "--scene", "scene.toml"), ("--scene", "none.toml")),
)
def test_lanes_that_cannot_be_invented_are_one_line(arguments, tmp_path, capsys):
    assert run(["simulate", *arguments, "--seed", "1", "-o", str(tmp_path / "x.h5")]) == 2
    assert one_line(capsys.readouterr().err)
    assert not (tmp_path / "x.h5").exists()


def test_what_can_be_simulated_is_listed_with_its_sources(capsys):
    assert run(["simulate", "--list"]) == 0
    said = capsys.readouterr().out
    assert "cambodia-laterite" in said
    assert "cartridge-in-stone" in said
    assert run(["simulate", "--list", "cambodia-laterite"]) == 0
    assert "clutter_per_m2 = 3.4  [2.4 metal alarms per m2" in capsys.readouterr().out
    assert run(["simulate", "--list", "moon"]) == 2
    assert one_line(capsys.readouterr().err)


def test_faults_are_made_on_demand(tmp_path, capsys):
    scene, scan = tmp_path / "scene.toml", tmp_path / "x.h5"
    scene.write_text(SCENE, encoding="utf-8")
    make = ["simulate", str(scene), "--seed", "1", "-o", str(scan)]
    assert run([*make, "--fault", "stuck=emi", "--fault", "stuck_from=0.8"]) == 0
    assert run(["info", str(scan), "--check"]) == 0
    assert "the sensor was stuck" in capsys.readouterr().out
    assert run([*make, "--overwrite", "--fault", "truncated=0.7"]) == 0
    capsys.readouterr()
    for verb in (["info", str(scan)], ["process", str(scan), "-o", str(tmp_path / "out")]):
        assert run(verb) == 1
        said = capsys.readouterr().err
        assert one_line(said)
        assert "x.h5: truncated HDF5 file" in said
    before = scan.read_bytes()
    for wrong in ("dropout=2", "drop=0.1", "stuck"):
        assert run([*make, "--overwrite", "--fault", wrong]) == 2
        assert one_line(capsys.readouterr().err)
    assert scan.read_bytes() == before
