"""What the radar saw as SEG-Y: the section of a line over time, else the volume's columns over depth."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import numpy as np

from dualsense.errors import UsageError
from dualsense.render._words import ADVICE, SIMULATED
from dualsense.scan import plain

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualsense.result import Result

_IEEE, _METRES, _LIVE, _DEAD = 5, 1, 1, 2
_MOST = 2**15 - 1
_MM = -1000
"""As SEG-Y scales coordinates: divided by so much."""


def radar_segy(result: Result) -> bytes:
    """Give the radar's section, or the columns of its volume, as traces.

    Parameters
    ----------
    result
        Of one scan.

    Returns
    -------
    bytes
        SEG-Y revision 1, big-endian, numbers of 32 bits. The sample interval is in picoseconds of a section, in
        micrometres of a volume; coordinates are millimetres of the local frame. What was not covered is 0, and a
        trace of nothing else is marked dead; of a volume the rows along y are inlines.

    Raises
    ------
    UsageError
        There is neither, or its samples cannot be told in the format.
    """
    name = plain(result.header.scan_id)
    if result.radargram is not None:
        line = result.radargram
        traces, places = line.values, line.position_m[:, :2]
        step = 1e12 * float(np.diff(line.time_s).mean())
        axis = f"TWO-WAY TIME, FIRST SAMPLE AT {1e9 * line.time_s[0]:.4f} NS, SAMPLE INTERVAL IN PS"
        numbers = np.column_stack([np.ones(len(traces), int), 1 + np.arange(len(traces))])
    elif result.gpr_volume is not None:
        volume = result.gpr_volume
        nz, ny, nx = volume.values.shape
        traces = volume.values.reshape(nz, -1).T
        rows, columns = np.divmod(np.arange(ny * nx), nx)
        places = np.column_stack([volume.grid.x_m[columns], volume.grid.y_m[rows]])
        step = 1e6 * float(np.diff(volume.depth_m).mean()) if nz > 1 else 1.0
        axis = f"DEPTH, FIRST SAMPLE AT {volume.depth_m[0]:.4f} M, SAMPLE INTERVAL IN MICROMETRES"
        numbers = np.column_stack([1 + rows, 1 + columns])
    else:
        msg = f"{name}: holds neither section nor volume of the radar to be exported as sgy"
        raise UsageError(msg)
    if not (1 <= round(step) <= _MOST and traces.shape[1] <= _MOST):
        msg = f"{name}: {traces.shape[1]} samples {step:g} apart, SEG-Y tells at most {_MOST} of both"
        raise UsageError(msg)
    head = _head(_text(result, axis), traces.shape[1], round(step))
    return head + _traces(traces, np.rint(1000.0 * places).astype(np.int64), numbers, round(step))


def _text(result: Result, axis: str) -> list[str]:
    simulated = [SIMULATED.upper()] if result.header.source == "simulated" else []
    return [
        f"SCAN {plain(result.header.scan_id)}",
        f"SHA-256 {result.scan_sha256}",
        *simulated,
        axis,
        "COORDINATES IN MM OF THE LOCAL FRAME: X ALONG THE LANE, Y TO ITS LEFT",
        "NOT COVERED IS 0; A TRACE OF NOTHING ELSE IS MARKED DEAD (CODE 2): IT IS",
        "GROUND THAT WAS NOT ASSESSED, NEVER GROUND THAT IS EMPTY",
        ADVICE.upper(),
    ]


def _head(lines: list[str], samples: int, step: int) -> bytes:
    """Give the header of text and the one of numbers."""
    pieces = [line[at : at + 76] for line in lines for at in range(0, len(line), 76)]
    cards = [f"C{n + 1:2d} {text}"[:80].ljust(80) for n, text in enumerate((pieces + [""] * 40)[:40])]
    cards[38], cards[39] = "C39 SEG Y REV1".ljust(80), "C40 END TEXTUAL HEADER".ljust(80)
    text = "".join(cards).encode("ascii", "replace").decode("ascii").encode("cp037")
    numbers = bytearray(400)
    struct.pack_into(">iii", numbers, 0, 1, 1, 1)
    struct.pack_into(">hhhhh", numbers, 16, step, 0, samples, 0, _IEEE)
    struct.pack_into(">h", numbers, 54, _METRES)
    struct.pack_into(">hh", numbers, 300, 0x0100, 1)
    return text + bytes(numbers)


def _traces(
    values: NDArray[np.float32], place_mm: NDArray[np.int64], numbers: NDArray[np.int64], step: int
) -> bytes:
    """Give every trace with its header.

    Parameters
    ----------
    values : (n, k)
        NaN where not covered.
    place_mm : (n, 2)
        x and y.
    numbers : (n, 2)
        Inline and crossline.
    step
        Between samples.
    """
    heads = np.zeros((len(values), 120), dtype=">i2")
    words = heads.view(">i4")
    words[:, 0] = words[:, 1] = 1 + np.arange(len(values))
    words[:, 2], words[:, 3] = numbers[:, 0], numbers[:, 1]
    words[:, 5] = 1 + np.arange(len(values))
    heads[:, 14] = np.where(np.isfinite(values).any(axis=1), _LIVE, _DEAD)
    heads[:, 35] = _MM
    words[:, 18], words[:, 19], words[:, 20], words[:, 21] = (place_mm[:, n % 2] for n in range(4))
    heads[:, 44] = _METRES
    heads[:, 57], heads[:, 58] = values.shape[1], step
    words[:, 45], words[:, 46], words[:, 47], words[:, 48] = (
        *(place_mm[:, n] for n in range(2)),
        *(numbers[:, n] for n in range(2)),
    )
    samples = np.ascontiguousarray(np.nan_to_num(values, nan=0.0), ">f4")
    rows = np.concatenate([heads.view(np.uint8), samples.view(np.uint8).reshape(len(values), -1)], axis=1)
    return rows.tobytes()
