"""An area of lines is processed as its lines are: time zero and gain of each, one velocity, sections below."""

from __future__ import annotations

import numpy as np
import pytest

from dualsense.chain import process_recording, process_scan
from dualsense.io import import_lines
from dualsense.io._importers.joining import Part, joined
from dualsense.io._importers.layout import Place
from dualsense.recipe import load_recipe
from dualsense.scan import GprData
from dualsense.survey import find_lines

from .test_lines import SPEED_M_S, b_scan

BARS = ((0.25, 0.08), (0.6, 0.1), (0.95, 0.07))
LATE_NS, GAIN = (1.2, 1.7, 0.9), (1.0, 3.0, 0.5)
LITTLE = (
    "gpr.migrate.depth_stop_m=0.2", "gpr.migrate.depth_step_m=0.005", "survey.cell_m=0.01",
)  # fmt: skip


def area(places):
    """Three recordings of the same bars, each late and loud in its own way, at places of their own."""
    parts = []
    for place, late_ns, gain in zip(places, LATE_NS, GAIN, strict=True):
        scan = b_scan(
            BARS, traces=240, spacing=0.005, dt=30e-12, centre_hz=1.5e9, separation=0.04, late_s=1e-9 * late_ns,
            coupling=8.0, noise=0.02,
        )  # fmt: skip
        g = scan.gpr
        untold = GprData(
            "impulse", g.time_s, gain * g.data, g.tx_position_m, g.rx_position_m, g.channel,
            sample_time_s=g.sample_time_s,
        )  # fmt: skip
        parts.append(Part.of(type(scan)(scan.header, scan.pose, untold), place, "line"))
    return joined(parts, ["one", "two", "three"], "area")


@pytest.fixture(scope="module")
def result():
    places = [
        Place((0.0, 0.0), (1.0, 0.0), None, {}),
        Place((1.2, 0.1), (-1.0, 0.0), None, {}),
        Place((0.4, -0.6), (0.0, 1.0), None, {}),
    ]
    scan = area(places)
    return scan, process_recording(scan, load_recipe(None, LITTLE))


def test_each_line_has_its_time_zero_and_all_tell_the_soil(result):
    _, found = result
    eps = (299792458.0 / SPEED_M_S) ** 2
    assert abs(found.relative_permittivity - eps) < 2.5 * found.relative_permittivity_std
    zero_ns = [float(one.split(":")[1]) for one in found.provenance["gpr_lines_time_zero_ns"].split(", ")]
    assert np.diff(zero_ns) == pytest.approx(np.diff(LATE_NS), abs=0.02)
    level = [float(one.split(":")[1]) for one in found.provenance["gpr_lines_level"].split(", ")]
    assert np.divide(level, level[0]) == pytest.approx(np.divide(GAIN, GAIN[0]), rel=0.05)


def test_every_bar_is_listed_on_every_line_at_its_depth(result):
    _, found = result
    speed = 299792458.0 / np.sqrt(found.relative_permittivity)
    for x, depth in BARS:
        for px, py in ((x, 0.0), (1.2 - x, 0.1), (0.4, -0.6 + x)):
            near = [t for t in found.targets if np.hypot(t.x_m - px, t.y_m - py) < 0.03]
            off = [abs(t.depth_m - depth * speed / SPEED_M_S) for t in near]
            assert off, (px, py)
            assert min(off) < 0.012, (px, py)
    covered = found.coverage.gpr.sum() * found.coverage.grid.cell_m**2
    assert covered == pytest.approx(3 * 1.2 * 0.06, rel=0.15)  # strips; the ground between them is not covered


def test_channels_that_take_turns_are_one_line_and_others_their_own():
    s = np.linspace(0.0, 1.0, 50)
    one = np.column_stack([s, 0.0 * s])
    both = np.concatenate([one, one + np.array([0.0, 0.02])])
    channel = np.repeat([0, 1], 50)
    assert not find_lines(both, channel, np.arange(100.0)).alone
    taking_turns = np.concatenate([np.arange(50.0), 0.5 + np.arange(50.0)])
    assert find_lines(both, channel, taking_turns).alone
    stub = np.concatenate([one, 0.01 * one])
    assert find_lines(stub, channel, np.arange(100.0)) is None


def test_ground_beyond_the_record_is_not_covered_and_holds_no_phantoms():
    """A strong direct wave before time zero came back as an echo after the record's end."""
    scan = b_scan(
        [(0.3, 0.05)], traces=120, spacing=0.005, dt=30e-12, samples=100, centre_hz=1.5e9, separation=0.04,
        late_s=0.6e-9, coupling=8.0, noise=0.02,
    )  # fmt: skip
    told = load_recipe(None, ["gpr.soil.relative_permittivity=9", *LITTLE])
    found = process_scan(scan, told, keep="gpr.image")
    record_m = 0.5 * 0.1e9 * (99 * 30e-12 - 0.6e-9)
    volume = found.kept["gpr.image"].volume
    assert np.isnan(volume.values[volume.depth_m > record_m]).all()
    assert np.isfinite(volume.values[volume.depth_m < record_m - 0.01]).any(axis=(1, 2)).all()
    assert max((t.depth_m for t in found.targets), default=0.0) < record_m
    assert found.sensor_coverage["gpr"] == 0.0  # mines may lie deeper
    (said,) = [one for one in found.faults if one.code == "gpr-record-ends"]
    assert said.severity == "degraded"
    assert said.values["depth_cm"] == pytest.approx(1e2 * record_m, abs=0.3)
    less = process_scan(
        scan, load_recipe(None, ["gpr.soil.relative_permittivity=9", *LITTLE, "gpr.migrate.depth_stop_m=0.1"])
    )
    assert less.sensor_coverage["gpr"] == 1.0
    assert "gpr-record-ends" not in [one.code for one in less.faults]


@pytest.mark.shared
def test_wall_lines_as_one_area_are_found_as_each_is_alone(shared_data, tmp_path):
    """The same wall twice, recorded later and at half the gain: every bar on both lines, at the same depth."""
    first = (shared_data / "ids" / "LID10003.dt").read_bytes()
    records = np.frombuffer(first, "<i2").reshape(464, 514).copy()
    records[15:, 2:] = np.rint(0.5 * np.roll(records[15:, 2:], 40, axis=1))
    records[15:, 2:42] = records[15:, 42:43]
    for name, content in (("a", first), ("b", records.tobytes())):
        (tmp_path / f"{name}.dt").write_bytes(content)
    scan = import_lines([tmp_path / "a.dt", tmp_path / "b.dt"], line_spacing_m=0.1)
    result = process_recording(scan, load_recipe(None, ["gpr.migrate.depth_stop_m=0.17"]))
    own = [
        sorted((t.x_m, t.depth_m) for t in result.targets if abs(t.y_m - y) < 0.05 and 0.025 < t.depth_m < 0.065)
        for y in (0.0, 0.1)
    ]
    assert len(own[0]) == len(own[1]) >= 8
    assert np.abs(np.diff(own, axis=0)).max() < 0.01


@pytest.mark.shared
def test_crossing_lines_of_a_survey_agree_where_they_cross(shared_data, tmp_path):
    """As far as the traces themselves do: antennas are polarised. Mirrored lines do not."""
    recipe = load_recipe(
        None,
        [
            "survey.cell_m=0.05", "survey.gpr_reach_m=0.08", "gpr.traces.window_s=40e-9",
            "gpr.soil.relative_permittivity=25", "gpr.migrate.depth_stop_m=0.6", "gpr.migrate.depth_step_m=0.02",
            "gpr.migrate.aperture_m=0.3", "gpr.migrate.max_aperture_m=0.6",
        ],
    )  # fmt: skip
    every, images = 0.2 * np.arange(0, 12, 2), []
    for kind in ("dir1", "dir2"):
        files = [shared_data / "gprpy_cube" / kind / f"FILE____{n:03d}.DZT" for n in range(1, 13, 2)]
        rows = ["file,x_m,y_m,x_end_m,y_end_m"]
        for one, aside in zip(files, every, strict=True):
            place = (0.0, aside, 9.0, aside) if kind == "dir1" else (aside, 0.0, aside, 9.0)
            rows.append(",".join([one.name, *map(str, place)]))
        (tmp_path / f"{kind}.csv").write_text("\n".join(rows))
        scan = import_lines(files, layout=tmp_path / f"{kind}.csv")
        volume = process_recording(scan, recipe).gpr_volume
        at_x, at_y = (np.abs(axis - every[:, None]) <= 0.051 for axis in (volume.grid.x_m, volume.grid.y_m))
        logs = np.log(volume.values[volume.depth_m > 0.05])
        images.append(np.array([[np.nanmean(logs[:, j][:, :, i], axis=(1, 2)) for i in at_x] for j in at_y]))
    one, other = (image - image.mean(axis=(0, 1)) for image in images)

    def alike(a, b):
        return np.corrcoef(a.ravel(), b.ravel())[0, 1]

    assert alike(one, other) > 0.1
    assert alike(one, other) > 2.0 * max(alike(one, other[::-1]), alike(one, other[:, ::-1]), 0.0)
