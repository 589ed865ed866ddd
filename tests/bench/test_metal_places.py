"""How far off metal lies in results: what is matched, and what of it is told."""

from __future__ import annotations

import json

import numpy as np
from benchmarks import metal_places
from benchmarks.study_causes import drawn

from dualsense.simulate import Buried


def written(folder, *places):
    """Write the targets of a scan: one of the radar alone, one where metal was asked for, and dipoles."""
    emi = [None, {"features": {"within_amount_m3": 1e-8}}]
    keys = ("x_m", "y_m", "depth_m", "depth_std_m")
    emi += [{"features": dict(zip(keys, (*p, 0.02), strict=True), dipole_count=1.0)} for p in places]
    told = {"x_m": 0.2, "y_m": 0.2, "depth_m": 0.03, "position_std_m": [0.01, 0.01, None]}
    (folder / "scan").mkdir()
    document = {"targets": [{**told, "emi": one} for one in emi]}
    (folder / "scan" / "targets.json").write_text(json.dumps(document), encoding="utf-8")


def piece(x, y, depth):
    return metal_places.Piece("scan", "can", (x, y, depth), (x + 0.01, y, depth - 0.033))


def test_the_nearest_dipole_within_reach_is_the_objects(tmp_path):
    written(tmp_path, (0.23, 0.2, 0.05), (0.21, 0.2, 0.09), (0.5, 0.5, 0.1))
    metal, told = metal_places.find([piece(0.2, 0.2, 0.06), piece(0.5, 0.41, 0.1)], tmp_path)
    np.testing.assert_allclose(metal.off_m[0], (0.01, 0.0, 0.03), atol=1e-12)
    np.testing.assert_allclose(told.off_m[0], (-0.01, 0.0, 0.003), atol=1e-12)
    np.testing.assert_allclose((metal.depth_std_m[0], told.depth_std_m[0]), (0.02, np.nan))
    assert np.isnan(metal.off_m[1]).all()  # 9 cm aside
    assert not metal.located.any()


def test_metal_lies_where_its_strongest_parts_do():
    assert metal_places.place_of(Buried("stone", 0.3, 0.2, 0.05)) is None
    # a can is one part, its middle 33 mm below its top
    np.testing.assert_allclose(metal_places.place_of(Buried("can", 0.3, 0.2, 0.05)), (0.3, 0.2, 0.083))
    # a ring on top of a can, and a thin bottom that answers less
    x, y, depth = metal_places.place_of(Buried("can-of-soil", 0.3, 0.2, 0.05))
    np.testing.assert_allclose((x, y), (0.3, 0.2))
    assert 0.05 + 0.055 < depth < 0.05 + 0.1095


def test_the_trimmed_error_leaves_the_worst_out():
    off = np.zeros((20, 3))
    off[:, 0] = 0.003
    off[7] = (0.004, 0.0, -0.3)
    told = metal_places.summary(off)
    np.testing.assert_allclose(told["median"], (3.0, 0.0, 0.0, 3.0))
    np.testing.assert_allclose(told["rms without 5%"], (3.0, 0.0, 0.0, 3.0))
    np.testing.assert_allclose(told["rms"][2], 300.0 / np.sqrt(20))


def test_a_scan_is_drawn_again_from_its_name():
    scene, seed = drawn("lane-sealed-wet-clay-2001122")
    assert (scene.scan_id, seed) == ("sealed-wet-clay-2001122", 2_001_122)
    square, seed = drawn("square-ukraine-chernozem-9100008")
    assert seed == 9_100_008
    assert metal_places.pieces({"lane": scene, "square": square})
