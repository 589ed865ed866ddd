"""Permittivity from the focus of small scatterers: brightness, coherence and contrast, with a jackknife's error.

Waves of a hand-held head come to the ground through air, and run steep in the soil whatever its permittivity, so
that focus tells little: the bound for one ideal point, alone, with the track's error of a few millimetres and an
unknown roundness, is 36, 18 and 9 per cent at 3, 5 and 9 cm in dry soil (eps 4), 58, 29 and 14 in wet (eps 9);
``benchmarks/gpr/bench_permittivity.py``. An extended body allows less.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from dualsense.constants import C0_M_S
from dualsense.gpr._migrate.geometry import lay_out
from dualsense.gpr._migrate.kirchhoff import weighted_mean
from dualsense.gpr._rays.traveltime import ROOT_STEP
from dualsense.gpr._soil import _focus_kernels
from dualsense.gpr._soil.permittivity import LogNormal
from dualsense.gpr._traces import largest_part
from dualsense.numerics import highest_near
from dualsense.result import Grid

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualsense.gpr._soundings import Soundings
    from dualsense.gpr._traces import Traces

    Place = tuple[float, float, float]
    Real = NDArray[np.float64]

LOG_CANDIDATES = np.linspace(np.log(2.0), np.log(32.0), 13)
START_TWO_WAY_S = 0.4e-9
STOP_TWO_WAY_S = 3.0e-9
APERTURE_M = 0.2
"""The same for all permittivities, so that each is judged by the same soundings; wide, since that tells more."""
MAX_PLACES = 4
SKIP, AROUND, NEAR = 2, 3, 1
"""Of the search: each so many cells are looked at first, then so many to all sides of what could stand out, of
which so many have all their neighbours, two to each side."""
FEW_CELLS = 1600
"""Maps of no more are looked at as a whole: they take little time, and have too few cells to leave any out."""
HALF_SEEN, MAX_LOOKS = 0.4, 10
"""Part of a peak that cells beside it show at least; peaks that are looked at, the brightest first."""
DENSITY_RADIUS_M = 0.015
MIN_CONTRAST = 4.0
MIN_SOUNDINGS = 30
GROUPS = 8
GROUP_ROWS = 6
"""Soundings in a row that stay together in the jackknife: errors of the track are alike among them."""
SEARCH_M = 0.006 * np.arange(-2.0, 3.0)
SEARCH_S = 0.04e-9 * np.arange(-6.0, 7.0)
RAY_NODES, NEWTON_STEPS = 64, 12
MIN_COHERENCE = 0.5
"""Part of the soundings' energy that adds up; less is a side lobe, or an echo of several things."""
PHASE_RAD = 0.1
"""By how much a body's shape may bend its echo's phase over the aperture: 2 mm of roundness."""
MAX_STD = 0.4
"""A place that tells less than that, or whose soundings disagree by more, is left out."""


def focus_permittivity(
    soundings: Soundings,
    traces: Traces,
    grid: Grid,
    *,
    height_m: Real | None = None,
    start_permittivity: float = 5.5,
    spread: float = 0.25,
    coarse_cell_m: float = 0.012,
) -> LogNormal | None:
    """Focus what stands out with many permittivities, and see which makes it sharpest.

    The echoes of a small scatterer add up best with the soil's permittivity and less with a lower or a higher one.
    Those of an extended body, of a side lobe or of noise only get brighter the higher it is, for the faster their
    times flatten out over the aperture: they have no maximum, tell nothing, and are passed over.

    Parameters
    ----------
    soundings, traces
        n soundings and their analytic traces.
    grid
        Where to look.
    height_m : (n,), optional
        Height of the antenna pair above the ground, instead of the pose's.
    start_permittivity
        For the search of what stands out.
    spread
        Standard deviation of ln(eps) that is left however many scatterers there are; the place of a single one
        adds sqrt(2) of it, since what is taken for a small scatterer may be none. The jackknife's error and the
        disagreement of the three criteria come on top.
    coarse_cell_m
        Cell of the search.

    Returns
    -------
    LogNormal or None
        None when nothing small stands out.
    """
    if soundings.time_s.size < MIN_SOUNDINGS:
        return None
    height = soundings.midpoint_m[:, 2] if height_m is None else height_m
    found = []
    for place in bright_places(soundings, traces, grid, height, start_permittivity, coarse_cell_m):
        one = focus_at(soundings, traces, height, place)
        if one is not None:
            found.append(one)
    if not found:
        return None
    weight = np.array([1.0 / (one.std**2 + 2.0 * spread**2) for one in found])
    mean = float(weight @ [one.mean for one in found] / weight.sum())
    return LogNormal(mean, float(np.sqrt(spread**2 + 1.0 / weight.sum())))


def bright_places(
    soundings: Soundings,
    traces: Traces,
    grid: Grid,
    height_m: Real,
    permittivity: float,
    coarse_cell_m: float,
) -> list[Place]:
    """x, y and two-way time below the surface of what stands out in a coarse migration, brightest first.

    Of a large map every second cell of every second line is migrated first, and all only around what could stand
    out there.
    """
    step = max(coarse_cell_m, grid.cell_m)
    x = np.arange(grid.x_m[0], grid.x_m[-1] + 0.5 * step, step)
    y = np.arange(grid.y_m[0], grid.y_m[-1] + 0.5 * step, step)
    delay = np.arange(START_TWO_WAY_S, STOP_TWO_WAY_S, 0.1e-9)
    amplitude, inside, level = _around_the_brightest(
        soundings, traces, (x, y, delay), step, height_m, permittivity
    )
    stands_out = inside & (amplitude > MIN_CONTRAST * level[:, None, None]) & (amplitude > 0.0)
    peaks = np.argwhere(stands_out & (amplitude == highest_near(amplitude, (3, 2, 2))))
    places: list[Place] = []
    for k, j, i in sorted(peaks.tolist(), key=lambda p: (-amplitude[tuple(p)], p)):
        here = (float(x[i]), float(y[j]), float(delay[k]))
        if all(np.hypot(here[0] - p[0], here[1] - p[1]) > 0.05 or abs(here[2] - p[2]) > 0.6e-9 for p in places):
            places.append(here)
    return places[:MAX_PLACES]


def _around_the_brightest(
    soundings: Soundings,
    traces: Traces,
    axes: tuple[Real, Real, Real],
    cell_m: float,
    height_m: Real,
    permittivity: float,
) -> tuple[NDArray[np.float32], NDArray[np.bool_], Real]:
    """Migrate around what could stand out: amplitudes (nt, ny, nx), which of them are seen, the usual ones (nt,).

    A peak between four cells that are looked at first shows a part ``HALF_SEEN`` of itself in one of them. Cells
    are seen whose neighbours are migrated too; those that are not are 0.
    """
    x, y, delay = axes
    skip = SKIP if x.size * y.size > FEW_CELLS else 1
    largest = largest_part(traces)
    plan = lay_out(
        soundings,
        Grid(x[::skip], y[::skip], skip * cell_m),
        0.5 * delay * C0_M_S / np.sqrt(permittivity),
        permittivity,
        height_m=height_m,
        radius_m=np.full(delay.size, APERTURE_M),
        density_radius_m=DENSITY_RADIUS_M,
        loss_db_m=0.0,
        on_ground=False,
        root_step=skip * ROOT_STEP,
    )
    first = weighted_mean(plan, traces, largest)
    some, least_fold = np.abs(first.amplitude), 0.3 * first.fold.max(axis=(1, 2))[:, None, None]
    inside = first.fold > least_fold
    level = np.array([np.median(a[m]) if m.any() else np.inf for a, m in zip(some, inside, strict=True)])
    if skip == 1:
        return some, inside, level
    bright = inside & (some > HALF_SEEN * MIN_CONTRAST * level[:, None, None])
    peaks = np.argwhere(bright & (some == highest_near(some, (3, 1, 1))))
    amplitude, seen = np.zeros((delay.size, y.size, x.size), some.dtype), np.zeros((y.size, x.size), dtype=bool)
    fold = np.zeros_like(amplitude)
    looks = 0
    for peak in sorted(peaks.tolist(), key=lambda p: (-some[tuple(p)], p)):
        j, i = skip * peak[1], skip * peak[2]
        if looks == MAX_LOOKS or seen[j, i]:
            continue
        lines, cells = (slice(max(at - AROUND, 0), at + AROUND + 1) for at in (j, i))
        part = weighted_mean(replace(plan, x_m=x[cells] - x[0], y_m=y[lines] - y[0]), traces, largest)
        amplitude[:, lines, cells], fold[:, lines, cells] = np.abs(part.amplitude), part.fold
        seen[max(j - NEAR, 0) : j + NEAR + 1, max(i - NEAR, 0) : i + NEAR + 1] = True
        looks += 1
    return amplitude, seen & (fold > least_fold), level


def focus_at(soundings: Soundings, traces: Traces, height_m: Real, place: Place) -> LogNormal | None:
    """Ask three criteria of one place, and say how well they tell.

    The error has three parts: the jackknife's over groups of soundings, the criteria's disagreement, and that of a
    phase ``PHASE_RAD`` along the curvature of the brightness: if it falls by V/2 for a unit of ln(eps), the
    permittivity takes a part V of the phase's variance over the aperture, and the phase moves it by its
    V^(-1/2).

    The sum over the soundings is taken at every point of a small neighbourhood, for each candidate; brightness is
    its largest magnitude, coherence the energy of the sum over the sum of the energies there, contrast the
    largest magnitude over the neighbourhood's mean. None unless each has its maximum inside the candidates.
    """
    x, y, delay = place
    near = np.flatnonzero(np.hypot(*(soundings.midpoint_m[:, :2] - (x, y)).T) < APERTURE_M + 0.06)
    if near.size < MIN_SOUNDINGS:
        return None
    points = np.stack([a.ravel() for a in np.meshgrid(x + SEARCH_M, y + SEARCH_M)], axis=1)
    legs = np.stack(
        [
            np.hypot(points[:, 0] - a[near, None, 0], points[:, 1] - a[near, None, 1])
            for a in (soundings.tx_m, soundings.rx_m)
        ]
    )
    off = 0.5 * (legs[0] + legs[1]) / APERTURE_M
    taper = np.cos(0.5 * np.pi * np.clip(4.0 * off - 3.0, 0.0, 1.0)) ** 2
    two_way = np.maximum(delay + SEARCH_S, 0.2e-9)
    scores = _scores(*_stacked(traces, near, legs, height_m[near], two_way, taper))
    if not (scores > 0.0).all():
        return None
    top = scores[:, 0].argmax(axis=0)
    if ((top == 0) | (top == LOG_CANDIDATES.size - 1))[:2].any():
        return None
    peaks = np.array([[_peak(scores[:, g, c]) for c in range(3)] for g in range(GROUPS + 1)])
    sharpest = np.median(peaks, axis=1)
    jackknife = (GROUPS - 1) / GROUPS * float(((sharpest[1:] - sharpest[1:].mean()) ** 2).sum())
    disagreement = float(peaks[0, :2].std()) ** 2
    weight = taper[:, taper.shape[1] // 2]
    if scores[top[1], 0, 1] < MIN_COHERENCE * weight.sum() ** 2 / (weight**2).sum():
        return None
    i = top[0]
    bend = 2.0 * scores[i, 0, 0] - scores[i - 1, 0, 0] - scores[i + 1, 0, 0]
    curvature = bend / (scores[i, 0, 0] * (LOG_CANDIDATES[1] - LOG_CANDIDATES[0]) ** 2)
    if not curvature > 0.0:
        return None
    std = float(np.sqrt(jackknife + disagreement + PHASE_RAD**2 / curvature))
    return LogNormal(float(sharpest[0]), std) if std < MAX_STD else None


def _peak(score: Real) -> float:
    """Place of the maximum over the candidates, by a parabola through its neighbours."""
    best = int(np.argmax(score))
    if not 0 < best < LOG_CANDIDATES.size - 1:
        return float(LOG_CANDIDATES[best])
    low, middle, high = score[best - 1 : best + 2]
    bend = low - 2.0 * middle + high
    shift = 0.5 * (low - high) / bend if bend < 0.0 else 0.0
    return float(LOG_CANDIDATES[best] + shift * (LOG_CANDIDATES[1] - LOG_CANDIDATES[0]))


def _scores(part: NDArray[np.complex128], loud: Real) -> Real:
    """Brightness, coherence and contrast (c, GROUPS + 1, 3) with all groups, and without each of them.

    From sums (c, GROUPS, cells) of the echoes and of their energies.
    """
    total = np.concatenate([part.sum(axis=1, keepdims=True), part.sum(axis=1, keepdims=True) - part], axis=1)
    energy = np.concatenate([loud.sum(axis=1, keepdims=True), loud.sum(axis=1, keepdims=True) - loud], axis=1)
    image = np.abs(total)
    best = image.argmax(axis=2)[..., None]
    peak = np.take_along_axis(image, best, axis=2)[..., 0]
    there = np.take_along_axis(energy, best, axis=2)[..., 0]
    tiny = np.finfo(float).tiny
    return np.stack([peak, peak**2 / np.maximum(there, tiny), peak / (image.mean(axis=2) + tiny)], axis=2)


def _stacked(
    traces: Traces, rows: NDArray[np.intp], legs: Real, height_m: Real, two_way_s: Real, taper: Real
) -> tuple[NDArray[np.complex128], Real]:
    """Sum echoes and their energies over groups of soundings, (c, GROUPS, points times), both legs refracted.

    legs (2, n, points) are the lateral distances of the antennas, taper (n, points) the weights; for every
    candidate. The sums are taken in single precision: of some hundred terms, they err by 1e-6 of the largest.
    """
    index = np.exp(0.5 * LOG_CANDIDATES)[:, None]
    middle = float(np.median(height_m))
    rho, step = np.linspace(0.0, float(legs.max()) * 1.001, RAY_NODES, retstep=True)
    time, cos = _rays(rho[:, None, None], middle, 0.5 * two_way_s * C0_M_S / index, index)
    echoes, points = index.size * two_way_s.size, legs.shape[2]
    total = np.empty((GROUPS, points, 2, echoes), np.float32)
    loud = np.empty((GROUPS, points, echoes), np.float32)
    heard = traces.values[rows]
    sizes = heard.view(np.float32)
    sizes /= max(float(sizes.max(initial=0.0)), -float(sizes.min(initial=0.0))) or 1.0
    _focus_kernels.stack(
        sizes,
        legs,
        ((height_m - middle) / (C0_M_S * traces.dt_s)).astype(np.float32),
        taper.astype(np.float32),
        (np.arange(rows.size) // GROUP_ROWS) % GROUPS,
        (time / traces.dt_s).astype(np.float32).reshape(RAY_NODES, echoes),
        cos.astype(np.float32).reshape(RAY_NODES, echoes),
        1.0 / float(step),
        total,
        loud,
    )
    shape = (GROUPS, points, index.size, two_way_s.size)
    part = (total[:, :, 0] + 1j * total[:, :, 1].astype(np.float64)).reshape(shape).transpose(2, 0, 1, 3)
    energy = loud.astype(np.float64).reshape(shape).transpose(2, 0, 1, 3)
    return part.reshape(index.size, GROUPS, -1), energy.reshape(index.size, GROUPS, -1)


def _rays(rho: Real, height_m: float, z: Real, index: Real) -> tuple[Real, Real]:
    """One-way times and the cosine in air, by Newton's method on the depth's share of Snell's law.

    Distances rho, depths z and indices broadcast against each other. In terms of s = tan of the angle in air:
    h s + z s / (n^2 + (n^2 - 1) s^2)^(1/2) = rho, rising and convex-free, so that Newton's steps from the upper
    bound rho/h cannot run away.
    """
    bend = index**2 - 1.0
    s = rho / (height_m + z / index)
    for _ in range(NEWTON_STEPS):
        root = np.sqrt(index**2 + bend * s * s)
        step = (height_m * s + z * s / root - rho) / (height_m + z * index**2 / root**3)
        s = np.clip(s - step, 0.0, rho / height_m)
        if np.abs(step).max(initial=0.0) < 1e-9:  # Newton squares this
            break
    sin = s / np.sqrt(1.0 + s * s)
    inside = np.sqrt(index**2 - sin**2) / index
    time: Real = (height_m * np.sqrt(1.0 + s * s) + index * z / inside) / C0_M_S
    cos: Real = 1.0 / np.sqrt(1.0 + s * s) + 0.0 * z
    return time, cos
