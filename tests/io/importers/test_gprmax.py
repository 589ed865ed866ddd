"""gprMax outputs: real ones of two layouts, and merged ones made here after the manual."""

from __future__ import annotations

import h5py
import numpy as np
import pytest

from dualsense.errors import ScanError, UsageError
from dualsense.io import import_scan, read_scan, write_scan

DT = 2e-12
CELL = 0.002
LIGHT_M_S = 299792458.0


@pytest.fixture
def merged(tmp_path):
    """Make a merged B-scan: positions stand in the receivers only if asked for."""

    def make(*edits, runs=12, receivers=1, positions=True, steps=(5, 0, 0), samples=40):
        noise = np.random.default_rng(7)
        path = tmp_path / "scan_merged.out"
        with h5py.File(path, "w") as file:
            file.attrs["gprMax"], file.attrs["Title"] = "3.1.7", "sphere in sand"
            file.attrs["dt"], file.attrs["Iterations"] = DT, samples
            file.attrs["dx_dy_dz"] = (CELL, CELL, CELL)
            file.attrs["nrx"], file.attrs["nsrc"] = receivers, 1
            file.attrs["rxsteps"] = file.attrs["srcsteps"] = steps
            for number in range(1, receivers + 1):
                group = file.create_group(f"rxs/rx{number}")
                for name, size in (("Ex", 1.0), ("Ey", 5.0), ("Ez", 0.1), ("Hx", 50.0)):
                    data = size * noise.normal(size=(samples, runs)).astype("f4")
                    group[name] = data
                if positions:
                    group.attrs["Position"] = (0.14, 0.2 + 0.05 * number, 0.3)
            if positions:
                file.create_group("srcs/src1").attrs["Position"] = (0.1, 0.2, 0.3)
            for edit in edits:
                edit(file)
        return path

    return make


# Real files


@pytest.mark.shared
def test_target_is_the_difference_with_and_without_it(shared_data):
    """Nothing arrives from the sphere before light could have gone there and back; then it does."""
    folder = shared_data / "uniandes_gprmax"
    with_sphere = import_scan(folder / "sphere_20cm_l2.out", surface_m=0.0735)
    without = import_scan(folder / "nosphere_20cm_l2.out", surface_m=0.0735)
    gpr = with_sphere.gpr
    assert with_sphere.faults == without.faults == ()
    assert gpr.data.shape == (1, 9244)  # the receiver that stands at the source is left out
    assert gpr.sample_time_s[-1] == pytest.approx(9243 * 9.62916600773235e-13)
    assert gpr.polarisation == "x"
    assert gpr.rx_position_m[0].tolist() == pytest.approx([0.23, 0.0, 0.0])
    assert with_sphere.pose.position_m[0].tolist() == pytest.approx([0.278, 0.692, 0.2])
    echo = np.abs(gpr.data - without.gpr.data)[0]
    top_m = 0.11 - 0.035
    earliest_s = 2.0 * np.hypot(0.115, 0.2 + top_m) / LIGHT_M_S
    assert (echo[gpr.sample_time_s < earliest_s] == 0.0).all()
    assert echo.max() > 0.1 * np.abs(gpr.data).max()
    assert gpr.sample_time_s[echo.argmax()] == pytest.approx(4.34e-9, abs=5e-11)


@pytest.mark.shared
@pytest.mark.parametrize("antenna", ("GSSI_1500", "MALA_1200"))
def test_old_layout_against_the_measured_crosstalk(shared_data, antenna):
    """The simulated wavelet lies on the measured one, as far as the model goes, at the right time scale."""
    folder = shared_data / "gprmax_crosstalk"
    scan = import_scan(folder / f"antenna_{antenna}_fs.out")
    measured = np.loadtxt(folder / f"antenna_{antenna}_fs_real.txt")
    gpr = scan.gpr
    assert gpr.polarisation == "y"
    assert np.abs(gpr.rx_position_m[0, 0]) == pytest.approx({"GSSI_1500": 0.059, "MALA_1200": 0.076}[antenna])
    trace = gpr.data[0]

    def agreement(stretch):
        other = np.interp(gpr.sample_time_s, stretch * 1e-9 * measured[:, 0], measured[:, 1], right=0.0)
        return np.abs(np.correlate(trace, other, "full")).max() / np.sqrt((trace @ trace) * (other @ other))

    assert agreement(1.0) > 0.9
    assert max(agreement(0.6), agreement(1.7)) < 0.85


@pytest.mark.shared
@pytest.mark.parametrize("name", ("GSSI_1500", "MALA_1200"))
def test_receiver_can_be_chosen(shared_data, name):
    path = shared_data / "uniandes_gprmax" / f"{name}.out"
    everything = import_scan(path)
    second = import_scan(path, receiver=2)
    assert np.array_equal(everything.gpr.data, second.gpr.data)
    at_source = import_scan(path, receiver=1, component="Ey")
    assert at_source.gpr.rx_position_m.tolist() == [[0.0, 0.0, 0.0]]
    with h5py.File(path) as file:
        assert np.array_equal(at_source.gpr.data[0], file["rxs/rx1/Ey"][:])
    with pytest.raises(UsageError, match=rf"^{name}\.out: receiver must be one of 1, 2, got 3$"):
        import_scan(path, receiver=3)


# Made files


def test_merged_scan(merged):
    path = merged()
    scan = import_scan(path, surface_m=0.25, system_delay_s=1e-9)
    gpr = scan.gpr
    with h5py.File(path) as file:
        assert np.array_equal(gpr.data, file["rxs/rx1/Ey"][:].T)
    assert gpr.polarisation == "y"
    assert gpr.system_delay_s == 1e-9
    assert gpr.sample_time_s[3] == 3 * DT
    assert gpr.rx_position_m.tolist() == [pytest.approx([0.04, 0.05, 0.0])]
    assert scan.pose.position_m[0].tolist() == pytest.approx([0.1, 0.2, 0.05])
    assert np.diff(scan.pose.position_m[:, 0]) == pytest.approx(5 * CELL)
    assert scan.header.source == "simulated"
    assert "sphere in sand. Component Ey, 12 model runs" in scan.header.notes


def test_receivers_become_channels(merged, tmp_path):
    path = merged(receivers=3, runs=4)
    scan = import_scan(path, component="Ex")
    gpr = scan.gpr
    assert gpr.channel.tolist() == [0, 1, 2] * 4
    assert gpr.rx_position_m[:, 1] == pytest.approx([0.05, 0.1, 0.15])
    assert gpr.tx_position_m.shape == (3, 3)
    with h5py.File(path) as file:
        assert np.array_equal(gpr.data[5], file["rxs/rx3/Ex"][:, 1])
    write_scan(scan, tmp_path / "scan.h5")
    found = read_scan(tmp_path / "scan.h5")
    assert found.faults == ()
    assert np.array_equal(found.gpr.data, gpr.data)


def test_two_dimensional_model(merged):
    scan = import_scan(merged(steps=(3, 0, 0)), vertical="y", surface_m=0.15, component="Ez")
    assert scan.pose.position_m[0].tolist() == pytest.approx([0.1, -0.3, 0.05])
    assert scan.gpr.rx_position_m[0].tolist() == pytest.approx([0.04, 0.0, 0.05])
    assert scan.gpr.polarisation == "y"
    assert import_scan(merged(), vertical="y", component="Ey").gpr.polarisation == "z"


def test_merged_file_without_positions(merged):
    path = merged(positions=False)
    with pytest.raises(ScanError, match=r"^scan_merged\.out: /srcs/src1: found nothing.*state tx_position_m"):
        import_scan(path)
    with pytest.raises(ScanError, match=r"^scan_merged\.out: /rxs/rx1: found nothing.*state rx_position_m"):
        import_scan(path, tx_position_m=(0.1, 0.2, 0.3))
    scan = import_scan(path, tx_position_m=(0.1, 0.2, 0.3), rx_position_m=(0.2, 0.2, 0.3))
    assert scan.gpr.rx_position_m.tolist() == [pytest.approx([0.1, 0.0, 0.0])]
    with pytest.raises(UsageError, match="tx_position_m must be 3 numbers in m, got"):
        import_scan(path, tx_position_m=(0.1, 0.2))


@pytest.mark.parametrize(
    ("edit", "message"),
    (
        (lambda f: f.attrs.__setitem__("rxsteps", (6, 0, 0)), r"/@rxsteps: found the receiver to move by \[0.012"),
        (
            lambda f: f.attrs.update(rxsteps=(0, 0, 0), srcsteps=(0, 0, 0)),
            r"/@rxsteps: found no step.*12 model runs",
        ),
        (lambda f: f.attrs.__setitem__("dt", 0.0), r"/@dt: found 0.0, expected a positive"),
        (lambda f: f.attrs.__setitem__("dt", "fast"), r"/@dt: found text 'fast', expected a time step"),
        (lambda f: f.attrs.__setitem__("rxsteps", (0, 0)), r"/@rxsteps: found shape \(2,\), expected 3 numbers"),
        (lambda f: f["rxs/rx1"].attrs.__setitem__("Position", (0, 0)), r"/rxs/rx1@Position: found \[0.0, 0.0\]"),
        (lambda f: f.pop("rxs/rx1"), r"/rxs: found nothing, expected receivers"),
        (
            lambda f: [f["rxs/rx1"].pop(n) for n in ("Ex", "Ey", "Ez")],
            r"/rxs/rx1: found nothing, expected one of Ex",
        ),
    ),
)
def test_files_that_make_no_sense(merged, edit, message):
    with pytest.raises(ScanError, match=r"^scan_merged\.out: " + message):
        import_scan(merged(edit))


def test_receivers_of_different_lengths(merged):
    def cut(file):
        data = file["rxs/rx2/Ey"][:-1]
        del file["rxs/rx2/Ey"]
        file["rxs/rx2/Ey"] = data

    path = merged(cut, receivers=2)
    with pytest.raises(ScanError, match=r"/rxs/rx2/Ey: found shape \(39, 12\), expected \(40, 12\) as rx1"):
        import_scan(path, component="Ey")


def test_component_that_is_not_there(merged):
    path = merged()
    with pytest.raises(
        ScanError, match=r"/rxs/rx1/Hy: found nothing, expected this component; the receiver has Ex, Ey"
    ):
        import_scan(path, component="Hy")
    with pytest.raises(UsageError, match=r"component must be one of Ex, .*, got '\.\./x'"):
        import_scan(path, component="../x")
    with pytest.raises(UsageError, match="vertical must be"):
        import_scan(path, vertical="x")


def test_dead_receiver(merged):
    def silence(file):
        file["rxs/rx1/Ex"][...] = 0.0

    with pytest.raises(ScanError, match=r"^scan_merged\.out: /rxs/Ex: no sensor works: all 12 soundings are zero"):
        import_scan(merged(silence), component="Ex")


@pytest.mark.parametrize("value", ("abc", float("nan"), float("inf"), [1.0, 2.0], True, 1e30))
@pytest.mark.parametrize("option", ("surface_m", "system_delay_s"))
def test_an_option_that_is_no_sensible_number_is_refused_by_its_name(merged, option, value):
    with pytest.raises(UsageError, match=rf"^\S+: {option} must be a number of [^\n]*got [^\n]*$"):
        import_scan(merged(), **{option: value})
