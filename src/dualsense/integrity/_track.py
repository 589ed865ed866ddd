"""Whether the track is where the head was, as far as the track itself tells."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dualsense.integrity._doubt import stretches, throughout, windows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualsense.result import Doubt
    from dualsense.scan import Pose

    Mask = NDArray[np.bool_]
    Real = NDArray[np.float64]

STUCK_S, STUCK_AXIS_S = 0.1, 0.3
"""A place, and one of its axes, that is repeated for so long: no hand is as still, nor runs along one axis."""
JUMP_M = 0.025
"""Passes lie so far apart: a step by more puts ground into a neighbouring pass."""
JUMP_SIGMAS, TURNS = 6.5, 1.5
"""Times the places' noise, so that one in millions is no step; times the steps that its own turns make."""
SIDE = 6
"""Poses to each side through which lines are laid: enough to average noise, and no longer than a turn lasts."""
RETURNS_S = 6.0
"""A step that is taken back within this time was a glitch; one that lasts may have shifted all that follows."""
JITTER_M = 0.015
"""Half a pass apart: with more, passes cannot be told from each other."""
FAST_M_S, FASTEST_M_S = 0.75, 2.0
"""Operators sweep at 0.2 to 0.5 m/s, and no hand turns a head that moves at 2 m/s."""
MIN_POSES = 12
"""Twice `SIDE`; fewer make no track."""
UNEVEN, UNEVEN_M = 1.75, 1e-3
"""Ratio of the noise along x and y, each over what is stated of it, either way; and of both over that along z,
where more is a track that is too long. Noise below a millimetre is that of a filter, and tells of its motion."""
NARROW_M, WAYS, CELL_M = 0.18, 36, 0.02
"""A strip is narrower than this along one of so many directions: 15 cm deep, an object is seen within 30 degrees
to either side, and a head is no narrower itself. Ground counts by cells, however long the head rested there."""
OUTSIDE = 0.02
"""Part of them beyond which lies what was passed on the way there."""


def inspect_track(pose: Pose, *, patch: bool) -> tuple[Doubt, ...]:
    """Look for what no hand does.

    Parameters
    ----------
    pose
        The track as recorded.
    patch
        Whether a patch was swept, and not one line: a line may be driven.

    Returns
    -------
    tuple of Doubt
    """
    time, at = pose.time_s, pose.position_m
    if time.size < MIN_POSES:
        return ()
    out = stretches("track-stuck", "pose", time, _stuck(time, at), gap_s=0.1)
    noise_m = _noise(at)
    if max(noise_m[0], noise_m[1]) > JITTER_M:
        out += throughout("track-jitters", "pose", time)
    if _uneven(pose, noise_m):
        out += throughout("track-uneven", "pose", time)
    if _jitters(at, np.zeros(time.size, dtype=np.bool_)):  # and so is measured, not laid down
        out += throughout("track-level", "pose", time) if np.ptp(at[:, 2]) == 0.0 else ()
        out += _jumps(time, at, noise_m)
    if patch:
        out += _too_fast(time, at)
    return out


def inspect_width(pose: Pose, apart_m: float) -> tuple[Doubt, ...]:
    """Ask whether a patch is wide enough for what lies below to be told from what lies beside it.

    Where it is not, neither sensor sees an object from both sides, and a track whose scale is wrong, or that
    creeps back, is told by nothing: passes on top of each other agree.

    Parameters
    ----------
    pose
        The track as recorded.
    apart_m
        How far the pairs of each sensor lie apart on the head, 0 of single ones: arrays lie across their way.

    Returns
    -------
    tuple of Doubt
    """
    at = pose.position_m[np.isfinite(pose.position_m).all(axis=1), :2]
    if len(at) < MIN_POSES:
        return ()
    cells = np.unique(np.floor(at / CELL_M), axis=0) * CELL_M
    angle = np.arange(WAYS) * np.pi / WAYS
    along = cells @ np.stack([np.cos(angle), np.sin(angle)])
    low_m, high_m = np.quantile(along, [OUTSIDE, 1.0 - OUTSIDE], axis=0)
    narrow = bool((high_m - low_m).min() + apart_m < NARROW_M)
    return throughout("patch-narrow", "pose", pose.time_s) if narrow else ()


def _stuck(time: Real, at: Real) -> Mask:
    """Tell which poses (p,) repeat a place."""
    still = np.diff(at, axis=0) == 0.0
    moves = (np.diff(at[:, :2], axis=0) != 0.0).mean(axis=0)
    bad = np.zeros(time.size, dtype=np.bool_)
    for held, least_s in (
        (still[:, :2].all(axis=1), STUCK_S),
        (still[:, 0], STUCK_AXIS_S),
        (still[:, 1], STUCK_AXIS_S),
    ):
        edges = np.flatnonzero(np.diff(np.concatenate([[0], held.astype(np.int8), [0]])))
        for first, last in zip(edges[::2], edges[1::2], strict=True):
            if time[last] - time[first] >= least_s and last - first >= 3:
                bad[first : last + 1] = True
    if moves.max() <= 0.05 or not _jitters(at, bad):  # a tracker of few, exact places, as that of a machine
        return np.zeros(time.size, dtype=np.bool_)
    return bad


def _jitters(at: Real, but: Mask) -> bool:
    """Tell whether places are measured, and not laid down: they bend from pose to pose along both axes."""
    rest = at[~but, :2]
    if len(rest) < MIN_POSES:
        rest = at[:, :2]
    bend = np.abs(np.diff(rest, n=2, axis=0))
    return bool(((bend > 1e-9).mean(axis=0) > 0.3).all())


def _uneven(pose: Pose, noise_m: Real) -> bool:
    """Tell whether axes have another scale: their noise differs as nothing that is stated explains.

    Places that tremble sideways more than heights do lie on a track that is too long. One that is too short is
    told by the waves, and heights that tremble more than places are those of most trackers, whatever they state.
    """
    if pose.position_std_m is None or noise_m[:2].max() < UNEVEN_M or not noise_m[:2].min() > 0.0:
        return False
    stated = np.median(np.atleast_2d(pose.position_std_m), axis=0)
    if not (stated[:2] > 0.0).all():
        return False
    x, y = noise_m[:2] / stated[:2]
    if max(x / y, y / x) > UNEVEN:
        return True
    return bool(stated[2] > 0.0 and noise_m[2] > UNEVEN_M and min(x, y) > UNEVEN * noise_m[2] / stated[2])


def _noise(at: Real) -> Real:
    """Deviation (3,) of the white noise of the places."""
    bend = at[2:] - 2.0 * at[1:-1] + at[:-2]
    noise: Real = np.median(np.abs(bend), axis=0) / (0.6745 * np.sqrt(6.0))
    return noise


def _jumps(time: Real, at: Real, noise_m: Real) -> tuple[Doubt, ...]:
    """Find steps of the track; of one that returns the stretch between, of one that does not all of it."""
    step_s = float(np.median(np.diff(time)))
    found: list[tuple[int, Real]] = []
    for axis in range(3):
        before, after = _ends(at[:, axis])
        jump = after - before
        limit = max(JUMP_M, JUMP_SIGMAS * noise_m[axis], TURNS * np.quantile(np.abs(jump), 0.98))
        near = np.concatenate([[0.0] * SIDE, (time[2 * SIDE - 1 :] - time[: 1 - 2 * SIDE]), [0.0] * (SIDE - 1)])
        ok = (near > 0.0) & (near < 3.0 * 2 * SIDE * step_s)
        at_step = np.flatnonzero((np.abs(jump) > limit) & ok)
        for group in np.split(at_step, np.flatnonzero(np.diff(at_step) > SIDE) + 1) if at_step.size else ():
            k = int(group[np.abs(jump[group]).argmax()])
            found.append((k, np.eye(3)[axis] * jump[k]))
    if not found:
        return ()
    found.sort(key=lambda one: one[0])
    total = np.abs(np.sum([size for _, size in found], axis=0)).max()
    first, last = found[0][0], found[-1][0]
    if len(found) > 1 and total < JUMP_M and time[last] - time[first] < RETURNS_S:
        bad = np.zeros(time.size, dtype=np.bool_)
        bad[max(first - SIDE, 0) : last + SIDE] = True
        return stretches("track-jumps", "pose", time, bad)
    return throughout("track-jumps", "pose", time)


def _ends(x: Real) -> tuple[Real, Real]:
    """Where a few poses before and after each (p,) put it, by straight lines through them; 0 near the ends."""
    n = np.arange(-SIDE, 0) + 0.5
    fit = np.linalg.pinv(np.column_stack([np.ones(SIDE), n]))[0]
    windows = np.lib.stride_tricks.sliding_window_view(x, SIDE)
    before, after = np.zeros(x.size), np.zeros(x.size)
    before[SIDE : x.size - SIDE + 1] = (windows @ fit)[: x.size - 2 * SIDE + 1]
    after[SIDE : x.size - SIDE + 1] = (windows @ fit[::-1])[SIDE:]
    return before, after


def _too_fast(time: Real, at: Real) -> tuple[Doubt, ...]:
    """Find where the head is faster than a hand, over a tenth of a second."""
    width = max(2, round(0.1 / max(float(np.median(np.diff(time))), 1e-4)))
    if time.size < 4 * width:
        return ()
    kernel = np.ones(width) / width
    smooth = np.column_stack([np.convolve(at[:, k], kernel, mode="valid") for k in range(2)])
    when = np.convolve(time, kernel, mode="valid")
    way = np.hypot(*(smooth[width:] - smooth[:-width]).T)
    speed = way / np.maximum(when[width:] - when[:-width], 1e-6)
    if np.median(speed) > FAST_M_S:
        return throughout("track-too-fast", "pose", time)
    bad = windows(speed > FASTEST_M_S, 2 * width, time.size)
    return stretches("track-too-fast", "pose", time, bad, gap_s=0.2)
