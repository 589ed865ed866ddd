"""Bodies in synthetic volumes: where they are, how large, and none where there is only noise."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dualsense.gpr._bodies import find
from dualsense.gpr._bodies.body import measure_body
from dualsense.gpr._bodies.cfar import over_clutter
from dualsense.gpr._bodies.volume import MIN_FOLD, envelope_volume
from dualsense.gpr._migrate.migrated import Migrated
from dualsense.result import Grid

CELL_M = 0.005
GRID = Grid(-0.3 + CELL_M * (np.arange(120) + 0.5), -0.2 + CELL_M * (np.arange(80) + 0.5), CELL_M)
DEPTH_M = CELL_M * np.arange(51)
ALL = np.ones((80, 120), bool)


def noise(seed=0):
    """Speckle with the resolution of the radar, Rayleigh-distributed, median one at every depth."""
    from scipy.ndimage import gaussian_filter

    rng = np.random.default_rng(seed)
    shape = (DEPTH_M.size, GRID.y_m.size, GRID.x_m.size)
    value = [gaussian_filter(rng.standard_normal(shape), (1.5, 3.0, 3.0), mode="wrap") for _ in range(2)]
    speckle = value[0] + 1j * value[1]
    return speckle / np.median(np.abs(speckle))


def blob(x, y, depth, *, across=0.025, along=None, deep=0.012, height=20.0, turn=0.0):
    """A bright Gaussian patch; ``across`` and ``along`` are its standard deviations."""
    dx, dy = GRID.x_m[None, None, :] - x, GRID.y_m[None, :, None] - y
    u, v = np.cos(turn) * dx + np.sin(turn) * dy, np.cos(turn) * dy - np.sin(turn) * dx
    radius2 = (v / across) ** 2 + (u / (along or across)) ** 2 + ((DEPTH_M[:, None, None] - depth) / deep) ** 2
    return height * np.exp(-0.5 * radius2)


def volume(amplitude, fold=None):
    return Migrated(
        amplitude.astype(np.complex64),
        np.ones(amplitude.shape, np.float32) if fold is None else fold,
        np.full(amplitude.shape, 0.5, np.float32),
        DEPTH_M,
    )


def find_bodies(migrated, grid, covered, **options):
    """Bodies of a volume over its clutter."""
    return find.find_bodies(migrated, grid, over_clutter(migrated, grid, covered), **options)


@pytest.mark.parametrize("place", ((0.0, 0.0, 0.05), (0.113, -0.077, 0.102), (-0.21, 0.1, 0.031)))
def test_a_body_is_where_it_is(place):
    body, *others = find_bodies(volume(noise() + blob(*place)), GRID, ALL)
    assert others == []
    assert body.x_m == pytest.approx(place[0], abs=0.003)
    assert body.y_m == pytest.approx(place[1], abs=0.003)
    assert body.depth_m == pytest.approx(place[2], abs=0.003)
    assert body.amplitude == pytest.approx(20.0, rel=0.2)
    assert body.contrast == pytest.approx(20.0, rel=0.25)
    assert body.coherence == 0.5
    assert body.edge == 0.0


@pytest.mark.parametrize("place", ((0.0, 0.0, 0.0523), (0.0, 0.0, 0.1475)))
def test_depth_between_the_planes(place):
    (body,) = find_bodies(volume(blob(*place) + 1e-3 * noise()), GRID, ALL)
    assert body.depth_m == pytest.approx(place[2], abs=0.0005)


def test_width_of_a_disc_is_its_diameter():
    """A mine's flat top: 11 cm across, sharp to the resolution of 3 cm."""
    dx, dy = GRID.x_m[None, None, :], GRID.y_m[None, :, None]
    disc = 15.0 / (1.0 + np.exp((np.hypot(dx, dy) - 0.055) / 0.006))
    amplitude = disc * np.exp(-0.5 * ((DEPTH_M[:, None, None] - 0.05) / 0.012) ** 2)
    (body,) = find_bodies(volume(noise() + amplitude), GRID, ALL)
    assert body.width_m == pytest.approx(0.11, abs=0.012)
    assert body.length_m == pytest.approx(0.11, abs=0.012)
    assert body.width_m <= body.length_m


@pytest.mark.parametrize("turn", (0.0, 0.5, 1.2))
def test_a_long_body_has_length_and_width_in_any_direction(turn):
    """The part within 6 dB of a Gaussian is an ellipse with 1.18 of its deviations as half axes."""
    amplitude = blob(0.0, 0.0, 0.05, across=0.02, along=0.05, turn=turn, height=30.0)
    (body,) = find_bodies(volume(1e-3 * noise() + amplitude), GRID, ALL)
    assert body.width_m == pytest.approx(2 * 1.177 * 0.02, abs=0.004)
    assert body.length_m == pytest.approx(2 * 1.177 * 0.05, abs=0.006)


def test_a_body_that_fills_half_of_the_patch_is_found():
    """An anti-tank mine, 32 cm across, in a patch of 40 cm: the median at its depth is its own."""
    inside = np.abs(GRID.x_m[None, :]) + 0.0 * GRID.y_m[:, None] < 0.2
    across = 15.0 / (1.0 + np.exp((np.hypot(GRID.x_m[None, :], GRID.y_m[:, None]) - 0.16) / 0.006))
    amplitude = across * np.exp(-0.5 * ((DEPTH_M[:, None, None] - 0.08) / 0.012) ** 2)
    assert (across[inside] > 7.5).mean() > 0.45
    (body,) = find_bodies(volume(noise() + amplitude), GRID, inside)
    assert body.depth_m == pytest.approx(0.08, abs=0.005)
    assert body.width_m == pytest.approx(0.32, abs=0.02)


def test_phase_is_that_of_the_peak():
    (body,) = find_bodies(volume(blob(0.0, 0.0, 0.05) * np.exp(2.0j) + 1e-3 * noise()), GRID, ALL)
    assert body.phase_rad == pytest.approx(2.0, abs=0.01)


def test_two_bodies_strongest_first():
    amplitude = noise() + blob(-0.15, 0.0, 0.05, height=12.0) + blob(0.15, 0.05, 0.1, height=25.0)
    bodies = find_bodies(volume(amplitude), GRID, ALL)
    assert [round(b.x_m, 2) for b in bodies] == [0.15, -0.15]


def test_bottom_and_reverberation_belong_to_the_body():
    amplitude = noise() + blob(0.0, 0.0, 0.04, height=30.0) + blob(0.01, 0.0, 0.11, height=15.0)
    (body,) = find_bodies(volume(amplitude), GRID, ALL)
    assert body.depth_m == pytest.approx(0.04, abs=0.004)


@pytest.mark.parametrize("seed", range(8))
def test_noise_alone_has_no_body(seed):
    """Speckle of the radar's resolution over 0.6 m x 0.4 m x 0.25 m, at the threshold that is the default."""
    assert find_bodies(volume(noise(seed)), GRID, ALL) == ()


def test_noise_that_fades_with_depth_has_no_body():
    fading = np.exp(-DEPTH_M / 0.04)[:, None, None]
    assert find_bodies(volume(fading * noise(1)), GRID, ALL) == ()


def test_threshold():
    amplitude = volume(noise() + blob(0.0, 0.0, 0.05, height=8.0))
    assert len(find_bodies(amplitude, GRID, ALL)) == 1
    assert find_bodies(amplitude, GRID, ALL, min_contrast=15.0) == ()


def test_shallower_than_the_top_nothing_is_listed():
    amplitude = volume(1e-3 * noise() + blob(0.0, 0.0, 0.03))
    assert len(find_bodies(amplitude, GRID, ALL)) == 1
    assert find_bodies(amplitude, GRID, ALL, top_m=0.06) == ()


def test_what_is_brightest_where_the_volume_ends_is_no_body():
    below = blob(0.0, 0.0, DEPTH_M[-1] + 0.004)
    assert not find_bodies(volume(noise() + below), GRID, ALL)
    inside = find_bodies(volume(noise() + blob(0.0, 0.0, DEPTH_M[-1] - 0.01)), GRID, ALL)
    assert inside[0].depth_m == pytest.approx(DEPTH_M[-1] - 0.01, abs=0.005)


def test_no_hidden_body_is_told_above_the_top():
    """In clutter that falls off steeply a shallow echo's place is extrapolated upwards, else to the surface."""
    falls = np.exp(-DEPTH_M / 0.004)[:, None, None]
    amplitude = noise() * (1.0 + 400.0 * falls) + blob(0.0, 0.0, 0.012, height=60.0)
    bodies = find_bodies(volume(amplitude), GRID, ALL)
    assert bodies
    assert all(b.depth_m >= 0.012 for b in bodies)
    migrated = volume(amplitude)
    k = 3
    at = (k, 40, 60)
    bare = measure_body(migrated, GRID, over_clutter(migrated, GRID, ALL), at)
    assert measure_body(migrated, GRID, over_clutter(migrated, GRID, ALL), at, top_m=0.012).depth_m == max(
        bare.depth_m, 0.012
    )
    assert bare.depth_m < 0.012


def surface(height, *, ripple=0.0, fall_m=0.012):
    """Clutter that fades below a rough surface, and a spot that is louder at all depths, but for a ripple."""
    fades = np.exp(-DEPTH_M / fall_m)[:, None, None]
    dx, dy = GRID.x_m[None, None, :], GRID.y_m[None, :, None]
    spot = height * np.exp(-0.5 * (dx**2 + dy**2) / 0.025**2)
    waves = 1.0 + ripple * np.cos(2.0 * np.pi * (DEPTH_M - 0.02) / 0.025)
    return fades * (10.0 * noise(2) + spot * waves[:, None, None])


def test_what_stands_out_alike_from_the_surface_down_is_none(monkeypatch):
    """A maximum at the boundary of the search is no maximum, nor is a ripple of the contrast below it."""
    rough = volume(surface(200.0, ripple=0.03))
    assert find_bodies(rough, GRID, ALL) == ()
    monkeypatch.setattr(find, "RISE", 0.0)
    assert any(body.hidden for body in find_bodies(rough, GRID, ALL))


@pytest.mark.parametrize("depth", (0.02, 0.03, 0.04))
def test_a_shallow_body_below_the_surface_stays(depth):
    """Darker than the clutter above, and a peak of the contrast that rises from the surface down."""
    (body,) = find_bodies(volume(surface(0.0) + blob(0.0, 0.0, depth, deep=0.01, height=14.0)), GRID, ALL)
    assert body.top_m == pytest.approx(depth, abs=0.02)
    assert 0.012 <= body.top_m <= body.depth_m


def test_a_body_above_the_clutter_is_told_where_it_is():
    (body,) = find_bodies(volume(noise() + blob(0.0, 0.0, 0.05)), GRID, ALL)
    assert body.top_m == body.depth_m


@pytest.mark.parametrize("count", (0, 1, 3))
def test_no_more_than_asked_for(count):
    places = [(x, y) for x in (-0.2, 0.0, 0.2) for y in (-0.1, 0.1)]
    amplitude = noise() + sum(blob(x, y, 0.05) for x, y in places)
    assert len(find_bodies(volume(amplitude), GRID, ALL)) == 6
    assert len(find_bodies(volume(amplitude), GRID, ALL, max_bodies=count)) == count


@pytest.mark.parametrize("cut", ("coverage", "fold"))
def test_a_body_at_the_edge_of_what_was_measured_says_so(cut):
    amplitude = noise() + blob(0.0, 0.0, 0.05)
    covered, fold = ALL.copy(), np.ones(amplitude.shape, np.float32)
    if cut == "coverage":
        covered[:, GRID.x_m > 0.01] = False
    else:
        fold[:, :, GRID.x_m > 0.01] = 0.5 * MIN_FOLD
    (body,) = find_bodies(volume(amplitude, fold), GRID, covered)
    assert 0.15 < body.edge < 0.6
    assert body.x_m < 0.01


def test_a_body_at_the_edge_of_the_map_says_so():
    """What lies beyond the map was not measured either."""
    (body,) = find_bodies(volume(noise() + blob(GRID.x_m[0], 0.0, 0.05)), GRID, ALL)
    assert 0.15 < body.edge < 0.6


def test_scale_does_not_matter():
    amplitude = noise() + blob(0.05, 0.05, 0.05)
    (plain,) = find_bodies(volume(amplitude), GRID, ALL)
    (scaled,) = find_bodies(volume(1e-12 * amplitude), GRID, ALL)
    assert scaled.x_m == pytest.approx(plain.x_m)
    assert scaled.contrast == pytest.approx(plain.contrast, rel=1e-4)
    assert scaled.width_m == pytest.approx(plain.width_m)


def test_envelope_is_masked_where_nothing_was_measured():
    amplitude = noise()
    covered = GRID.x_m[None, :] + 0.0 * GRID.y_m[:, None] < 0.1
    fold = np.ones(amplitude.shape, np.float32)
    fold[20:, :30, :] = 0.0
    image = envelope_volume(volume(amplitude, fold), GRID, covered)
    expected = np.broadcast_to(covered, amplitude.shape) & (fold > 0)
    np.testing.assert_array_equal(np.isfinite(image.values), expected)
    np.testing.assert_allclose(image.values[expected], np.abs(amplitude)[expected], rtol=1e-5)
    assert image.values.dtype == np.float32
    assert image.units == "1"
    np.testing.assert_array_equal(image.depth_m, DEPTH_M)


@pytest.mark.parametrize("fold", (0.0, 1.0))
def test_silence_and_nothing_measured(fold):
    silent = volume(np.zeros((51, 80, 120)), np.full((51, 80, 120), fold, np.float32))
    assert find_bodies(silent, GRID, ALL) == ()
    image = envelope_volume(silent, GRID, ALL)
    assert np.isnan(image.values).all() if fold == 0.0 else not image.values.any()
    assert find_bodies(volume(noise() + blob(0, 0, 0.05)), GRID, ~ALL) == ()


def test_a_plane_a_line_and_a_point():
    """Volumes of one depth, one line, one voxel."""
    amplitude = noise() + blob(0.0, 0.0, 0.05)
    one = Grid(GRID.x_m, GRID.y_m[:1], CELL_M)
    for part, grid, depth in (
        (amplitude[10:11], GRID, DEPTH_M[10:11]),
        (amplitude[:, 40:41], one, DEPTH_M),
        (amplitude[10:11, 40:41, 60:61], Grid(GRID.x_m[60:61], GRID.y_m[40:41], CELL_M), DEPTH_M[10:11]),
    ):
        migrated = replace(
            volume(amplitude),
            amplitude=part.astype(np.complex64),
            fold=np.ones(part.shape, np.float32),
            coherence=np.ones(part.shape, np.float32),
            depth_m=depth,
        )
        bodies = find_bodies(migrated, grid, np.ones(part.shape[1:], bool))
        assert all(np.isfinite([b.x_m, b.y_m, b.width_m, b.length_m, b.contrast]).all() for b in bodies)
        assert len(bodies) == (part.size > 1)
