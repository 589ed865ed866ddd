"""A field of values as a picture without axes, each value a block of pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dualsense.render._canvas.colours import Scale, shade
from dualsense.render._canvas.png import png_bytes

if TYPE_CHECKING:
    from numpy.typing import NDArray

MISSING = "#9a9a9a"


def picture_png(
    values: NDArray[Any],
    *,
    low: float,
    high: float,
    colours: str = "viridis",
    size_px: tuple[int, int] = (320, 200),
) -> bytes:
    """Shade a field of values as a PNG.

    Parameters
    ----------
    values : (rows, columns)
        The first row on top; NaN is grey.
    low, high
        Values at the ends of the colours.
    colours
        Name of the map: viridis, inferno, cividis, RdBu_r or twilight.
    size_px
        About how wide and high: a value is repeated, or every so many values are shown, as fits.

    Returns
    -------
    bytes

    Raises
    ------
    ValueError
        The field has no cell, or not two axes.
    """
    if values.ndim != 2 or not values.size:
        msg = f"a picture needs rows and columns, got shape {values.shape}"
        raise ValueError(msg)
    scale = Scale(low, high if high > low else low + 1.0)
    rows, columns = (_pixels(count, wanted) for count, wanted in zip(values.shape, size_px[::-1], strict=True))
    return png_bytes(
        shade(np.asarray(values, dtype=np.float64)[np.ix_(rows, columns)], scale, colours, MISSING), 96.0
    )


def _pixels(count: int, wanted: int) -> NDArray[np.intp]:
    """Index of the value that each pixel shows."""
    return (np.arange(wanted) * count / wanted).astype(np.intp)
