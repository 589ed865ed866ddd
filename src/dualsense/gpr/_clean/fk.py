"""Fan filter over frequency and wavenumber along swept lines, for soundings wherever they lie."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

import numpy as np

from dualsense.errors import ScanError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualsense.gpr._soundings import Soundings

    Real = NDArray[np.float64]
    Complex = NDArray[np.complex128]

MIN_ON_LINE = 8
BLOCK = 160
"""Soundings that are solved together; longer lines are done in blocks that overlap by half."""
NOISE = 1e-3
MAX_TURN_COS = 0.5


def fk_fan(
    soundings: Soundings,
    *,
    mode: Literal["reject", "pass"] = "reject",
    low_s_m: float = 0.0,
    high_s_m: float = 1e-9,
    symmetric: bool = True,
    taper: float = 0.3,
    gap_m: float = 0.1,
) -> Soundings:
    """Take out (or keep only) arrivals whose delay changes along the line at a certain rate.

    The track of each channel is cut into lines where it turns by more than 60 degrees or leaves a gap. On a line,
    with u the place along it, wavenumbers k(f) = -2 pi f p of slownesses p from ``low_s_m`` to ``high_s_m`` form
    the fan. For each frequency the part within the fan is estimated and subtracted: with R and A the covariances
    of signals that fill the fan and that fill all wavenumbers the line can tell apart, it is
    R (A + noise)^-1 d. On evenly spaced soundings A is the identity and this is the usual f-k filter; irregular
    ones need no interpolation, and nothing moves.

    Parameters
    ----------
    soundings
        Along lines, over frequency.
    mode
        "reject" subtracts the fan, "pass" keeps nothing else.
    low_s_m, high_s_m
        Slowness along the line, the change of two-way time over way. 0 is a flat reflector; waves through
        the air reach 2/c = 6.7e-9 s/m, the flanks of a small body's echo 2 sqrt(eps)/c.
    symmetric
        Also the fan of opposite sign. Otherwise a positive slowness is later towards +x (towards +y on
        lines across).
    taper
        Width of the fan's edges relative to its width.
    gap_m
        Where neighbouring soundings are farther apart, a new line begins.

    Returns
    -------
    Soundings
        At their places, in their order. Lines of less than eight soundings are left as they are.

    Raises
    ------
    ScanError
        When the fan has no width, or a symmetric fan begins below zero.
    """
    if not low_s_m < high_s_m or (symmetric and low_s_m < 0.0):
        msg = f"a fan needs low_s_m < high_s_m, not negative when symmetric, got {low_s_m:.4g} and {high_s_m:.4g}"
        raise ScanError(msg)
    out = soundings.spectrum.copy()
    fans = [(low_s_m, high_s_m)]
    if symmetric:
        fans = [(-high_s_m, high_s_m)] if low_s_m == 0.0 else [(low_s_m, high_s_m), (-high_s_m, -low_s_m)]
    for line in find_lines(soundings, gap_m=gap_m):
        within = np.zeros((line.rows.size, soundings.frequency_hz.size), np.complex128)
        for part, weight in _blocks(line.rows.size):
            data = soundings.spectrum[line.rows[part]]
            within[part] += weight[:, None] * _inside(
                data, line.along_m[part], soundings.frequency_hz, fans, taper
            )
        out[line.rows] = within if mode == "pass" else soundings.spectrum[line.rows] - within
    return replace(soundings, spectrum=out)


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """Soundings of one channel on one stroke: rows (m,) of the soundings, and their places along it (m,)."""

    rows: NDArray[np.intp]
    along_m: Real


def find_lines(soundings: Soundings, *, gap_m: float = 0.1) -> tuple[Line, ...]:
    """Cut the track into straight strokes of at least eight soundings, places measured towards +x (or +y)."""
    lines = []
    for c in np.unique(soundings.channel):
        rows = np.flatnonzero(soundings.channel == c)
        xy = soundings.midpoint_m[rows, :2]
        for start, stop in _strokes(xy, gap_m):
            own = xy[start:stop] - xy[start:stop].mean(axis=0)
            _, spread, axes = np.linalg.svd(own, full_matrices=False)
            if stop - start < MIN_ON_LINE or spread[0] == 0.0:
                continue
            direction = axes[0] * np.sign(axes[0][np.argmax(np.abs(axes[0]))])
            lines.append(Line(rows[start:stop], own @ direction))
    return tuple(lines)


def _strokes(xy: Real, gap_m: float) -> list[tuple[int, int]]:
    """Begin and end of each stroke: cut at gaps, and where the way goes on across the stroke's direction."""
    cuts, start, heading = [0], 0, np.zeros(2)
    smooth = np.vstack([xy[:1], 0.25 * (xy[:-2] + 2.0 * xy[1:-1] + xy[2:]), xy[-1:]]) if len(xy) > 2 else xy
    for i in range(1, len(xy)):
        step = smooth[i] - smooth[i - 1]
        length = float(np.hypot(*step))
        turned = heading.any() and float(step @ heading) < MAX_TURN_COS * length * float(np.hypot(*heading))
        if float(np.hypot(*(xy[i] - xy[i - 1]))) > gap_m or (turned and length > 0.0):
            cuts.append(i)
            start, heading = i, np.zeros(2)
        else:
            heading = smooth[i] - smooth[max(start, i - 5)]
    cuts.append(len(xy))
    return [(a, b) for a, b in pairwise(cuts) if b > a]


def _blocks(count: int) -> list[tuple[slice, Real]]:
    """Overlapping blocks of a line and their weights, which add up to one."""
    if count <= BLOCK:
        return [(slice(0, count), np.ones(count))]
    half = BLOCK // 2
    starts = [*range(0, count - BLOCK, half), count - BLOCK]
    windows = []
    for start in starts:
        window = np.sin(np.pi * (np.arange(BLOCK) + 0.5) / BLOCK) ** 2 + 1e-6
        if start == 0:
            window[:half] = 1.0
        if start == count - BLOCK:
            window[half:] = 1.0
        windows.append(window)
    total = np.zeros(count)
    for start, window in zip(starts, windows, strict=True):
        total[start : start + BLOCK] += window
    return [
        (slice(start, start + BLOCK), window / total[start : start + BLOCK])
        for start, window in zip(starts, windows, strict=True)
    ]


def _inside(data: Complex, along: Real, frequency: Real, fans: list[tuple[float, float]], taper: float) -> Complex:
    """Estimate the part of soundings (m, k) on a line that lies within the fans."""
    apart = along[:, None] - along
    spacing = max(float(np.median(np.abs(np.diff(along)))), 1e-4)
    nyquist = np.pi / spacing
    everything = np.sinc(nyquist * apart / np.pi)  # band-limited at Nyquist, variance 1
    everything[np.diag_indices(along.size)] += NOISE
    solved = np.linalg.solve(everything, data)
    out = np.empty_like(data)
    for i, f in enumerate(frequency):
        fan = np.zeros(apart.shape, np.complex128)
        for low, high in fans:
            width = 2.0 * np.pi * f * (high - low)
            edge = taper * width
            a = max(-2.0 * np.pi * f * high, -nyquist)
            b = min(-2.0 * np.pi * f * low, nyquist)
            if b > a:
                box = (b - a) / (2.0 * nyquist) * np.sinc((b - a) * apart / (2.0 * np.pi))
                fan += box * np.sinc(edge * apart / (2.0 * np.pi)) * np.exp(0.5j * (a + b) * apart)
        out[:, i] = fan @ solved[:, i]
    return out
