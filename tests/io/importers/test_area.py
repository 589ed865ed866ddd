"""Several lines as one scan: where each lies, its own clock, and one axis for all."""

from __future__ import annotations

import json

import numpy as np
import pytest
from click.testing import CliRunner

from dualsense.cli import cli
from dualsense.errors import ScanError, UsageError
from dualsense.io import import_lines, import_scan, read_scan, write_scan
from dualsense.io._importers.joining import MIN_LINE_M
from dualsense.survey._line import MIN_LENGTH_M

from .test_ids import ARRAY, SAMPLES, channel_file, dt_file

TRACES, STEP = 60, 0.01


@pytest.fixture(scope="module")
def lines(tmp_path_factory):
    """Three recordings of 0.59 m; the second holds fewer samples' worth of echo and the third other counts."""
    folder = tmp_path_factory.mktemp("lines")
    rng = np.random.default_rng(0)
    files = []
    for name in ("a", "b", "c"):
        files.append(folder / f"{name}.dt")
        files[-1].write_bytes(dt_file(rng.integers(-3000, 3000, (TRACES, SAMPLES)), spacing=f"{STEP:E}"))
    return files


def test_lines_side_by_side_are_channels_of_their_own(lines, tmp_path):
    scan = import_lines(lines, line_spacing_m=0.1, zigzag=True)
    alone = [import_scan(one) for one in lines]
    at = scan.pose.position_m.reshape(3, TRACES, 3)
    assert at[:, 0, :2] == pytest.approx(np.array([[0.0, 0.0], [0.59, 0.1], [0.0, 0.2]]))
    assert at[:, -1, :2] == pytest.approx(np.array([[0.59, 0.0], [0.0, 0.1], [0.59, 0.2]]))
    assert scan.gpr.channel.tolist() == [0] * TRACES + [1] * TRACES + [2] * TRACES
    assert (np.diff(scan.gpr.time_s) > 0.0).all()
    for c, one in enumerate(alone):
        assert np.array_equal(scan.gpr.data[scan.gpr.channel == c], one.gpr.data)
    # the antennas stand across the line: turned round with the one that runs back
    assert scan.gpr.rx_position_m[:, 1] == pytest.approx([0.0325, -0.0325, 0.0325])
    write_scan(scan, tmp_path / "area.h5")
    again = read_scan(tmp_path / "area.h5")
    assert again.imported == scan.imported
    told = json.loads(again.imported["lines"])
    assert [one["sha256"] for one in told] == [one.sha256 for one in alone]
    assert scan.sha256 != import_lines(lines, line_spacing_m=0.2).sha256


def test_a_layout_says_where_lines_lie_and_what_files_do_not(lines, tmp_path):
    table = tmp_path / "layout.csv"
    rows = ("c.dt,0,1,0,2,,", "a.dt,1,1,,,90,", "b.dt,2,0,3,0,,1e-10")
    table.write_text("\n".join(("file,x_m,y_m,x_end_m,y_end_m,direction_deg,system_delay_s", *rows)) + "\n")
    out = tmp_path / "area.h5"
    words = ["import", *map(str, lines), "--layout", str(table), "-o", str(out), "--no-isolated"]
    assert CliRunner().invoke(cli, words).exit_code == 0
    scan = read_scan(out)
    at = scan.pose.position_m.reshape(3, TRACES, 3)
    assert at[0, -1, :2] == pytest.approx([1.0, 1.59])
    assert at[1, -1, :2] == pytest.approx([3.0, 0.0])
    assert at[2, -1, :2] == pytest.approx([0.0, 2.0])
    assert scan.gpr.rx_position_m[0] == pytest.approx([-0.0325, 0.0, 0.0])
    assert '\\"system_delay_s\\": 1e-10' in scan.imported["lines"]


def test_a_swath_of_an_array_is_laid_out_by_what_its_files_say(tmp_path):
    """One file for each channel, each with antennas of its own; the middles across are those of the header."""
    rng, rows = np.random.default_rng(3), ["file,x_m,y_m,direction_deg"]
    for number, places in enumerate(ARRAY, start=1):
        content = channel_file(rng.integers(-3000, 3000, (TRACES, SAMPLES)), number)
        (tmp_path / f"C{number}.dt").write_bytes(content)
        told = import_scan(tmp_path / f"C{number}.dt").header.notes
        assert f"Antennas stand at 0, {places[0]:g} and 0, {places[1]:g} m" in told
        rows.append(f"C{number}.dt,0,{np.mean(places):g},0")
    (tmp_path / "swath.csv").write_text("\n".join(rows) + "\n")
    out = tmp_path / "swath.h5"
    words = ["import", *(str(tmp_path / f"C{n}.dt") for n in (1, 2)), "--layout", str(tmp_path / "swath.csv")]
    assert CliRunner().invoke(cli, [*words, "-o", str(out), "--no-isolated"]).exit_code == 0
    scan = read_scan(out)
    at = scan.pose.position_m.reshape(2, TRACES, 3)
    # on the head of a lone file they are centred: the table adds where that stands in the array
    stand = np.column_stack([at[:, 0, 1] + one[:, 1] for one in (scan.gpr.tx_position_m, scan.gpr.rx_position_m)])
    assert stand == pytest.approx(np.array(ARRAY))
    assert scan.gpr.channel.tolist() == [0] * TRACES + [1] * TRACES


def test_lines_with_another_delay_come_to_one_axis(tmp_path):
    """The same echo, sampled half a sample later and with other ends, is the same line."""
    dt = 12e-9 / SAMPLES
    files = []
    for name, late in (("a", 0.0), ("b", 2.5)):
        t = np.arange(SAMPLES) - 30.0 - late
        wave = 8000.0 * np.cos(0.9 * t) * np.exp(-((t / 8.0) ** 2))
        files.append(tmp_path / f"{name}.dt")
        slope = 1.0 + 0.1 * np.arange(TRACES)[:, None] / TRACES
        files[-1].write_bytes(dt_file(np.rint(slope * wave), spacing=f"{STEP:E}"))
    table = tmp_path / "layout.csv"
    table.write_text(f"file,x_m,y_m,direction_deg,system_delay_s\na.dt,0,0,0,\nb.dt,0,1,0,{2.5 * dt}\n")
    scan = import_lines(files, layout=table)
    one, other = (scan.gpr.data[scan.gpr.channel == c] for c in (0, 1))
    assert scan.gpr.sample_time_s.size == SAMPLES - 2 - 3
    assert np.abs(one - other).max() < 3.0


def sweeps(folder, late_s, *, reference=1.0, count=4):
    """A series of sweeps through a cable that is so much longer, with the sweep in free air."""
    folder.mkdir()
    rng, f = np.random.default_rng(5), np.linspace(1e9, 2e9, 8)
    turn = np.exp(-2j * np.pi * f * late_s)
    made = [rng.normal(size=8) + 1j * rng.normal(size=8) for _ in range(count)]
    for n, one in enumerate([*made, np.full(8, reference)]):
        rows = [f"{a!r} {b.real!r} {b.imag!r}" for a, b in zip(f.tolist(), (one * turn).tolist(), strict=True)]
        (folder / f"{n}.s1p").write_text("\n".join(["# Hz S RI R 50", *rows]))
    table = folder / f"{folder.name}.csv"
    table.write_text("\n".join(["file,x_m,y_m", *(f"{n}.s1p,{0.1 * n},0" for n in range(count))]))
    return table


def test_lines_of_tones_come_to_one_delay_and_keep_their_reference(tmp_path):
    late_s = 3e-10
    files = [sweeps(tmp_path / "a", 0.0), sweeps(tmp_path / "b", late_s)]
    layout = tmp_path / "layout.csv"
    layout.write_text(f"file,x_m,y_m,direction_deg,system_delay_s\na.csv,0,0,0,\nb.csv,0,1,0,{late_s}\n")
    options = {"parameter": "S11", "reference": "4.s1p"}
    gpr = import_lines(files, layout=layout, **options).gpr
    assert gpr.system_delay_s == 0.0
    assert gpr.data[4:] == pytest.approx(gpr.data[:4])
    assert gpr.reference == pytest.approx(np.ones(8))
    with pytest.raises(ScanError, match=r"^b\.csv: found another reference than in a\.csv"):
        import_lines(files, line_spacing_m=0.1, **options)  # of another cable, which nobody told of


def test_a_line_that_was_cut_off_says_so_when_it_comes_in_and_in_what_is_written(lines, tmp_path):
    cut, out = tmp_path / "cut.dt", tmp_path / "cut.h5"
    cut.write_bytes(lines[0].read_bytes()[:-10])
    ran = CliRunner().invoke(cli, ["import", str(cut), "-o", str(out), "--no-isolated"])
    assert ran.exit_code == 0
    assert "the last record is cut off: 122 of 132 bytes; dropped" in ran.output
    assert read_scan(out).imported["faults"].startswith("gpr-file-cut-off: the last record is cut off")
    area = import_lines([*lines[1:], cut], line_spacing_m=0.1)
    assert "gpr-file-cut-off" in area.imported["lines"]
    assert "faults" not in import_scan(lines[0]).imported


def test_a_line_too_short_is_refused_by_name(lines, tmp_path):
    assert MIN_LINE_M == MIN_LENGTH_M
    short = tmp_path / "short.dt"
    short.write_bytes(dt_file(np.random.default_rng(1).integers(-9, 9, (12, SAMPLES)), spacing="1E-2"))
    with pytest.raises(ScanError, match=r"^short\.dt: found a line of 0\.11 m and 12 traces, expected at least"):
        import_lines([*lines, short], line_spacing_m=0.1)


@pytest.mark.parametrize(
    ("rows", "message"),
    (
        ("file,x_m,y_m,direction_deg\na.dt,0,0,0\nb.dt,0,1,0\n", r"found 2 files for 3 lines.*c\.dt"),
        ("file,x_m,y_m\na.dt,0,0\n", r"row 2: x_end_m: found ''"),
        ("file,x_m,y_m,x_end_m,y_end_m\na.dt,0,0,0,0\n", "ends where it begins"),
        ("x_m,y_m\n0,0\n", "row 2: found no file"),
        ("file,x_m,y_m,direction_deg\na.dt,0,nan,0\n", "y_m: found 'nan'"),
    ),
)
def test_layouts_that_are_none(lines, tmp_path, rows, message):
    (tmp_path / "layout.csv").write_text(rows)
    with pytest.raises(ScanError, match=rf"^layout\.csv: .*{message}"):
        import_lines(lines, layout=tmp_path / "layout.csv")


def test_what_is_no_area(lines, sample_dir, tmp_path):
    with pytest.raises(UsageError, match="either line_spacing_m or a layout"):
        import_lines(lines)
    with pytest.raises(UsageError, match=r"^a\.dt: given twice, expected each line once$"):
        import_lines([*lines, lines[0]], line_spacing_m=0.1)
    with pytest.raises(UsageError, match="positive number of metres"):
        import_lines(lines, line_spacing_m=-1)
    with pytest.raises(ScanError, match=r"^pmn_sand\.h5: found a scan of the metal detector"):
        import_lines([sample_dir / "pmn_sand.h5"], line_spacing_m=0.1)
    other = tmp_path / "other.dt"
    other.write_bytes(dt_file(np.arange(TRACES)[:, None] + np.arange(SAMPLES), window="2.4E-08", spacing="1E-2"))
    with pytest.raises(ScanError, match=r"^other\.dt: found samples every 0\.375 ns, and every 0\.1875 in a\.dt"):
        import_lines([*lines, other], line_spacing_m=0.1)
    ran = CliRunner().invoke(cli, ["import", *map(str, lines), "-o", str(tmp_path / "x.h5")])
    assert ran.exit_code == 2
