"""What the depth slider of the report draws from: slices, contours, track and targets as compact plain data."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from dualsense.render._canvas.colours import hex_names
from dualsense.render._figures import panels, style
from dualsense.render._figures.echo import shown_echo
from dualsense.render._figures.shown import shown_of
from dualsense.render._targets import CALL_NAMES, ordered_targets
from dualsense.scan import plain

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualsense.render._figures.echo import Echo
    from dualsense.render._figures.shown import Shown
    from dualsense.render._figures.style import View
    from dualsense.result import Result

# One letter per cell: 63 steps of amplitude, and the last letter for what was not measured.
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-"
STEPS = len(ALPHABET) - 1
_LETTERS = ALPHABET.encode("ascii").ljust(256, b"?")
MOST_SLICES = 64
MOST_CELLS = 2_500_000
TRACK_STEP_CM = 0.2


def viewer_data(result: Result, view: View, shown: Shown | None = None) -> dict[str, Any] | None:
    """Everything the slider draws, in centimetres; None without a radar image.

    Large volumes are thinned by the greatest value of neighbouring cells, so that no echo is lost. A thinned
    cell is unmeasured only when all cells in it are.
    """
    volume = result.gpr_volume
    if volume is None or not np.isfinite(volume.values).any():
        return None
    shown = shown or shown_of(result, view)
    values, factors = _thinned(shown.echo or shown_echo(result))
    # Thinning may reach past the last cell; edges follow.
    left, _, bottom, _ = panels.extent_cm(volume.grid)
    cell_cm = 100.0 * volume.grid.cell_m * factors[1]
    depth_cm = 100.0 * _group_means(volume.depth_m, factors[0])
    limits = shown.limits
    top = max(float(np.nanmax(values)), limits.echo)
    slices = [_letters(values[index], top) for index in range(values.shape[0])]
    return {
        "columns": values.shape[2],
        "rows": values.shape[1],
        "left": _short(left),
        "bottom": _short(bottom),
        "cell": _short(cell_cm),
        "depths": [_short(depth) for depth in depth_cm],
        "slices": slices,
        "alphabet": ALPHABET,
        "top": float(f"{top:.6g}"),
        "limit": float(f"{limits.echo:.6g}"),
        "gamma": style.RADAR_GAMMA,
        "units": "of the strongest",
        "colours": hex_names(style.RADAR_MAP, 64),
        "contours": [[_shortened(line.ravel()) for line in level] for level in shown.contours_cm],
        "track": _track_lines_cm(result.track_m),
        "targets": [
            {
                "id": plain(target.id, 12),
                "call": target.call,
                "words": CALL_NAMES[target.call],
                "x": _short(100.0 * target.x_m),
                "y": _short(100.0 * target.y_m),
                "depth": _short(100.0 * target.depth_m) if math.isfinite(target.depth_m) else None,
            }
            for target in ordered_targets(result)
        ],
    }


def _short(value: float) -> float:
    """Centimetres to 0.1 mm, which is a tenth of a screen pixel."""
    return round(float(value), 2) + 0.0


def _thinned(echo: Echo) -> tuple[NDArray[np.float32], tuple[int, int]]:
    """Volume with at most so many slices and cells, and the factors of depth and of both horizontal axes."""
    count, rows, columns = echo.volume.values.shape
    deep = math.ceil(count / MOST_SLICES)
    flat = math.ceil(math.sqrt(max(echo.volume.values.size / deep / MOST_CELLS, 1.0)))
    slices = []
    for first in range(0, count, deep):
        values = echo.strongest(range(first, min(first + deep, count)))
        if flat > 1:
            padded = np.pad(values, ((0, -rows % flat), (0, -columns % flat)), constant_values=np.nan)
            blocks = padded.reshape(padded.shape[0] // flat, flat, padded.shape[1] // flat, flat)
            values = np.fmax.reduce(blocks, axis=(1, 3))
        slices.append(values)
    return np.stack(slices), (deep, flat)


def _group_means(values: NDArray[np.float64], factor: int) -> NDArray[np.float64]:
    return np.array([values[start : start + factor].mean() for start in range(0, values.size, factor)])


def _letters(values: NDArray[np.float32], top: float) -> str:
    """Slice as text, row by row from the lowest y; steps are even in the root of the amplitude."""
    level = np.sqrt(np.clip(values / top, 0.0, 1.0))
    index = np.where(np.isfinite(values), np.rint(level * (STEPS - 1)), STEPS).astype(np.uint8)
    return index.tobytes().translate(_LETTERS).decode("ascii")


def _shortened(values: NDArray[np.float64]) -> list[float]:
    short: list[float] = (np.round(values, 2) + 0.0).tolist()
    return short


def _track_lines_cm(track_m: NDArray[np.float64]) -> list[list[float]]:
    """Track as lines between its breaks, thinned to points a fifth of a centimetre apart."""
    lines: list[list[float]] = []
    points = 100.0 * track_m[:, :2]
    whole = [math.isfinite(x + y) for x, y in points.tolist()]
    last: tuple[float, float] | None = None
    for (x, y), (x_cm, y_cm), finite in zip(
        points.tolist(), (np.round(points, 2) + 0.0).tolist(), whole, strict=True
    ):
        if not finite:
            last = None
            continue
        if last is None:
            lines.append([])
        elif math.hypot(x - last[0], y - last[1]) < TRACK_STEP_CM:
            continue
        lines[-1] += [x_cm, y_cm]
        last = (x, y)
    return lines
