"""Whole simulated scans: labelled, repeatable, and files that the reader takes without a fault."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import dualsense.simulate
from dualsense.io import read_scan, write_scan
from dualsense.simulate._record import simulate_scan, truth_of
from dualsense.simulate._scene.handling import SILENT, Faults, Motion, Noise
from dualsense.simulate._scene.instrument import Detector, Radar
from dualsense.simulate._scene.scene import Buried, Scene, Soil

SMALL = Scene(
    scan_id="small",
    objects=(Buried("TS-50", 0.12, 0.08, 0.04), Buried("nail", 0.25, 0.1, 0.02, yaw_deg=90.0)),
    motion=Motion(length_m=0.3, width_m=0.15, line_spacing_m=0.03),
)


@pytest.fixture(scope="module")
def small():
    return simulate_scan(SMALL, seed=3)


def arrays(scan):
    return {
        f"{group}.{name}": value
        for group in ("pose", "gpr", "emi", "truth")
        if (part := getattr(scan, group)) is not None
        for name in part.__dataclass_fields__
        if isinstance(value := getattr(part, name), np.ndarray)
    }


def test_equal_seeds_give_equal_bytes(small):
    again = simulate_scan(SMALL, seed=3)
    assert again.sha256 == small.sha256
    for name, value in arrays(small).items():
        assert arrays(again)[name].tobytes() == value.tobytes(), name
    other = simulate_scan(SMALL, seed=4)
    assert other.sha256 != small.sha256
    assert not np.array_equal(other.pose.position_m[: len(small.pose.position_m)], small.pose.position_m)


def test_threads_do_not_change_the_bytes(small):
    import numba

    before = numba.get_num_threads()
    numba.set_num_threads(1)
    try:
        alone = simulate_scan(SMALL, seed=3)
    finally:
        numba.set_num_threads(before)
    assert alone.sha256 == small.sha256


def test_a_change_of_one_thing_leaves_the_others(small):
    louder = simulate_scan(replace(SMALL, noise=replace(SMALL.noise, gpr_std=1e-2)), seed=3)
    np.testing.assert_array_equal(louder.pose.position_m, small.pose.position_m)
    np.testing.assert_array_equal(louder.emi.data, small.emi.data)
    assert not np.array_equal(louder.gpr.data, small.gpr.data)
    empty = simulate_scan(replace(SMALL, objects=()), seed=3)
    np.testing.assert_array_equal(empty.pose.position_m, small.pose.position_m)
    np.testing.assert_array_equal(empty.gpr.time_s, small.gpr.time_s)


def test_it_says_that_it_is_simulated(small):
    assert small.header.source == "simulated"
    assert "simulated with seed 3" in small.header.notes
    assert small.truth.scene["seed"] == 3
    assert small.truth.label == ("mine", "metal")
    assert small.truth.model == ("TS-50", "nail")


def test_truth_gives_the_extent_of_turned_objects(small):
    np.testing.assert_allclose(small.truth.size_x_m, [0.09, 0.003])
    np.testing.assert_allclose(small.truth.size_y_m, [0.09, 0.06])
    np.testing.assert_allclose(small.truth.depth_m, [0.04, 0.02])
    slanted = truth_of(
        Scene(objects=(Buried("PMA-1", 0, 0, 0.1, yaw_deg=45.0), Buried("stone", 0, 0, 0, scale=2.0)))
    )
    assert slanted.size_x_m[0] == pytest.approx((0.14 + 0.07) / np.sqrt(2))
    np.testing.assert_allclose([slanted.size_x_m[1], slanted.size_z_m[1]], [0.12, 0.08])


VARIANTS = {
    "plain": SMALL,
    "impulse and pulse": replace(
        SMALL, radar=Radar(modality="impulse", reference=True), detector=Detector(modality="pulse")
    ),
    "tilted, with reference": replace(
        SMALL, motion=replace(SMALL.motion, tilt_std_deg=4.0), radar=Radar(reference=True)
    ),
    "radar alone": replace(SMALL, detector=None),
    "detector alone": replace(SMALL, radar=None),
    "nothing buried": replace(SMALL, objects=()),
    "every flaw": replace(
        SMALL,
        soil=Soil(susceptibility=8e-3, susceptibility_std=0.2, conductivity_std=0.3),
        motion=replace(SMALL.motion, missed_part=0.3, repeated_part=0.2, tilt_std_deg=3.0, tilt_recorded=False),
        radar=Radar(clock_offset_s=0.02, step_hz=80e6),
        detector=Detector(clock_offset_s=-0.02, overload_v_per_a=1e-5),
        noise=Noise(
            gpr_phase_noise_rad=0.02,
            gpr_warm_up=0.2,
            gpr_interference_part=0.1,
            gpr_noisy_tone_part=0.1,
            emi_warm_up_std=300.0,
            mains_field_t=1e-6,
            position_walk_m_sqrt_s=0.003,
        ),
    ),
    "smooth and even": replace(SMALL, soil=Soil(roughness_rms_m=0.0, permittivity_std=0.0)),
}


@pytest.mark.parametrize("name", sorted(VARIANTS))
def test_the_reader_takes_it_as_it_is(name, tmp_path):
    scan = simulate_scan(VARIANTS[name], seed=1)
    write_scan(scan, tmp_path / "scan.h5")
    back = read_scan(tmp_path / "scan.h5")
    assert back.faults == ()
    assert back.header == scan.header
    assert set(arrays(back)) == set(arrays(scan))
    for key, value in arrays(scan).items():
        np.testing.assert_array_equal(arrays(back)[key], value, err_msg=key)
        assert np.isfinite(value).all(), key


COARSE = replace(SMALL, motion=replace(SMALL.motion, line_spacing_m=0.05), radar=Radar(step_hz=120e6))
FLAWS = {
    "missing in more than 25% of the soundings": replace(
        COARSE, detector=None, noise=Noise(gpr_dead_tone_part=0.2)
    ),
    "are not finite; masked": replace(
        COARSE, radar=None, detector=Detector(overload_v_per_a=4.8e-6, overload_missing=True)
    ),
    "have no pose within 0.5 s": replace(COARSE, radar=None, faults=Faults(tracking_loss_s=1.5)),
    "the sensor was stuck; masked": replace(COARSE, radar=None, faults=Faults(stuck="emi", stuck_from_part=0.8)),
}


@pytest.mark.parametrize("flaw", FLAWS)
def test_what_the_file_shows_of_a_flaw_is_reported(flaw, tmp_path):
    write_scan(simulate_scan(FLAWS[flaw], seed=1), tmp_path / "scan.h5")
    (fault,) = read_scan(tmp_path / "scan.h5").faults
    assert flaw in fault.message
    assert fault.severity in ("info", "degraded")


def test_tilt_that_is_not_recorded_tilts_all_the_same():
    level = replace(COARSE, radar=None, noise=SILENT)
    tilted = replace(level, motion=replace(level.motion, tilt_std_deg=5.0))
    silent = replace(tilted, motion=replace(tilted.motion, tilt_recorded=False))
    scans = [simulate_scan(scene, seed=1) for scene in (level, tilted, silent)]
    assert [scan.pose.orientation is None for scan in scans] == [True, False, True]
    np.testing.assert_array_equal(scans[1].emi.data, scans[2].emi.data)
    assert np.abs(scans[1].emi.data - scans[0].emi.data).max() > 1e-3 * np.abs(scans[0].emi.data).max()


def test_free_air_reference_is_the_scan_far_above_the_ground():
    quiet = replace(SILENT, gpr_ringing=0.01)
    high = replace(SMALL, motion=replace(SMALL.motion, height_m=30.0), radar=Radar(reference=True), noise=quiet)
    scan = simulate_scan(replace(high, detector=None), seed=2)
    left = np.abs(scan.gpr.data - scan.gpr.reference).max() / np.abs(scan.gpr.reference).max()
    assert left < 2e-3


def test_impulse_traces_are_the_transform_of_the_tones():
    """The direct wave comes after system delay and flight, with the wavelet's shape."""
    radar = Radar(modality="impulse", reference=True)
    scan = simulate_scan(replace(SMALL, radar=radar, noise=SILENT, detector=None), seed=2)
    reference, t = scan.gpr.reference, scan.gpr.sample_time_s
    assert scan.gpr.data.shape[1] == len(t) == 320
    peak = t[np.abs(reference).argmax()]
    assert peak == pytest.approx(1.3e-9 + 0.099 / 299_792_458, abs=0.12e-9)
    late = np.abs(t - peak) > 2.5e-9
    assert np.abs(reference[late]).max() < 1e-3 * np.abs(reference).max()


def test_noise_has_its_size():
    base = replace(SMALL, objects=(), soil=Soil(susceptibility=0, susceptibility_loss=0, conductivity_s_m=0))
    noise = replace(SILENT, emi_std_v_per_hz=1e-12)
    scan = simulate_scan(replace(base, noise=noise, radar=None), seed=5)
    np.testing.assert_allclose(scan.emi.data.real.std(axis=0), 1e-12 * scan.emi.frequency_hz, rtol=0.1)
    np.testing.assert_allclose(scan.emi.data.imag.std(axis=0), 1e-12 * scan.emi.frequency_hz, rtol=0.1)


def test_gates_and_tones_see_the_same_noise_of_the_flux():
    base = replace(SMALL, objects=(), soil=Soil(susceptibility=0, susceptibility_loss=0, conductivity_s_m=0))
    noise = replace(SILENT, emi_std_v_per_hz=1e-12)
    for gates in (((20e-6, 30e-6), (30e-6, 70e-6)), ((10e-6, 200e-6),)):
        detector = Detector(modality="pulse", gate_time_s=gates)
        scan = simulate_scan(replace(base, noise=noise, radar=None, detector=detector), seed=5)
        flux_std = scan.emi.data.std(axis=0) * np.diff(gates, axis=1)[:, 0] / np.sqrt(2)
        np.testing.assert_allclose(flux_std, 1e-12 / (2 * np.pi), rtol=0.1)


def test_metal_stands_out_where_it_lies(small):
    """No processing: the raw detector is loudest about the nail, off its end where a lying dipole couples best."""
    response = np.abs(small.emi.data[:, 2] - np.median(small.emi.data[:, 2]))
    at = [np.interp(small.emi.time_s, small.pose.time_s, small.pose.position_m[:, i]) for i in range(2)]
    loudest = response.argmax()
    assert np.hypot(at[0][loudest] - 0.25, at[1][loudest] - 0.1) < 0.1


def test_public_names():
    for name in dualsense.simulate.__all__:
        shown = getattr(dualsense.simulate, name)
        assert name.isupper() or shown.__name__ == name
    with pytest.raises(AttributeError, match="nonsense"):
        _ = dualsense.simulate.nonsense
