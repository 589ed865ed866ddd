"""The terminal picture of a replay: metal trace, growing maps in characters, what stands out so far."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

import numpy as np

from dualsense import render
from dualsense.cli._text import number, table
from dualsense.errors import UsageError, one_line
from dualsense.language import again, say
from dualsense.result import Sketch
from dualsense.runtime.files import write_file
from dualsense.scan import SENSOR_NAMES
from dualsense.survey import nearest_cell

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from dualsense.replay import Frame
    from dualsense.result import Image, Result
    from dualsense.scan import SensorName

BARS = "▁▂▃▄▅▆▇█"
PLAIN_BARS = "_.-=+*#@"
LEVELS = ".:-=+*#%@"
NOT_COVERED = "/"
MAP_WIDTH = 72
MAP_HEIGHT = 24
TRACE_WIDTH = 60
LEAST: dict[SensorName, float] = {"emi": 20.0, "gpr": 12.0}
"""Least ends of the scales, times noise and clutter: neither shall fill a scale while little has been seen."""
GAP = "   "
LISTED = 12
SEEN_S = 0.25
"""Pictures that follow each other faster in a terminal, each seconds of the sweep after the last, tell no more."""
HOME_AND_CLEAR = "\x1b[H\x1b[J"
HIDE_CURSOR, SHOW_CURSOR = "\x1b[?25l", "\x1b[?25h"


def sparkline(
    values: NDArray[np.float64], *, width: int = TRACE_WIDTH, bars: str = BARS, least: float = 0.0
) -> str:
    """Draw a series in one line of characters, the newest at the right.

    Parameters
    ----------
    values : (n,)
        Not negative; each character is the largest of its share, so that no peak is lost. NaN is a blank.
    width
        In characters.
    bars
        From lowest to highest.
    least
        The highest bar is at least this much.
    """
    if values.size == 0:
        return ""
    shares = np.array_split(values, min(width, values.size))
    peaks = np.array([np.max(share[np.isfinite(share)], initial=-np.inf) for share in shares])
    known = np.isfinite(peaks)
    top = float(np.max(peaks[known], initial=least))
    drawn = np.full(peaks.size, " ")
    drawn[known] = np.array(list(bars))[_levels(peaks[known], top, len(bars))]
    return "".join(drawn.tolist())


def character_map(
    image: Image,
    places: Sequence[tuple[float, float]] = (),
    *,
    width: int = MAP_WIDTH,
    height: int = MAP_HEIGHT,
    least: float = 0.0,
) -> str:
    """Draw a map in characters, y upwards, with square proportions in a terminal's tall cells.

    A character that holds any ground that was not covered shows ``/``, unless the part that was covered
    answers above the lowest level: metal is never hidden, and what was not measured never looks empty.

    Parameters
    ----------
    image
        NaN where not covered.
    places
        x and y of what is listed; the first nine are shown by their place in the list, from 1.
    width, height
        At most so many characters.
    least
        The highest level is at least this much.
    """
    marks = {}
    ny, nx = image.values.shape
    across = max(1, -(-nx // width), -(-ny // (2 * height)))
    up = 2 * across
    rows, columns = -(-ny // up), -(-nx // across)
    padded = np.full((rows * up, columns * across), np.nan)
    padded[:ny, :nx] = np.abs(image.values)
    blocks = padded.reshape(rows, up, columns, across).transpose(0, 2, 1, 3).reshape(rows, columns, up * across)
    covered = np.isfinite(blocks)
    peak = np.max(np.where(covered, blocks, 0.0), axis=-1)
    top = max(float(peak.max()), least)
    for place, (x_m, y_m) in reversed(list(enumerate(places[:9], 1))):
        iy, ix = nearest_cell(image.grid, x_m, y_m)
        marks[iy // up, ix // across] = str(place)
    level = _levels(peak, top, len(LEVELS))
    drawn = np.array(list(LEVELS))[level]
    drawn[(level == 0) & ~covered.all(axis=-1)] = NOT_COVERED
    for cell, mark in marks.items():
        drawn[cell] = mark
    return "\n".join("".join(row) for row in drawn[::-1].tolist())


def _levels(values: NDArray[np.float64], top: float, count: int) -> NDArray[np.intp]:
    """Return steps of a square-root scale, so that weak answers show beside strong ones."""
    if not top > 0.0:
        return np.zeros(values.shape, np.intp)
    return np.minimum(count - 1, (count * np.sqrt(values / top)).astype(np.intp))


def frame_text(frame: Frame, *, bars: str = BARS) -> str:
    """Draw a whole frame: what the terminal shows at one moment."""
    known = frame.known
    state = say("PROVISIONAL, the sweep goes on" if isinstance(known, Sketch) else "whole scan")
    at = say("{time:.1f} of {whole:.1f} s", time=frame.time_s, whole=frame.duration_s)
    trace = sparkline(frame.metal_trace, bars=bars, least=LEAST["emi"]) or say("no data")
    lines = [f"{one_line(frame.header.scan_id)}  {at}  {state}", "", f"{say('metal')}  {trace}", ""]
    marks = {"unknown": NOT_COVERED, "low": LEVELS[0], "high": LEVELS[-1]}
    legend = say("{unknown} not covered   {low} lowest   {high} highest   1-9 as listed", **marks)
    if isinstance(known, Sketch):
        lines += [*_sketch_maps(known), legend, *_sketch_words(known), "", _candidate_table(known)]
        return "\n".join(lines)
    image = known.emi_maps.get("metal_response")
    targets = [(target.x_m, target.y_m) for target in render.ordered_targets(known)]
    lines.append(say("no metal map: not assessable") if image is None else character_map(image, targets))
    covered = ", ".join(
        f"{say(SENSOR_NAMES[name])} {render.percent_down(known.sensor_coverage.get(name, float('nan')))}"
        for name in render.SENSORS
    )
    swept = say("{area:.2f} m² swept, of which covered: {parts}", area=known.area_m2, parts=covered)
    lines += [legend, swept, "", _target_table(known)]
    return "\n".join(lines)


def _sketch_maps(sketch: Sketch) -> list[str]:
    """Draw the maps that there are, side by side."""
    held: dict[SensorName, Image | None] = {"emi": sketch.metal, "gpr": sketch.radar}
    shown = {name: image for name, image in held.items() if image is not None}
    if not shown:
        return [say("no map yet")]
    marks = [(one.x_m, one.y_m) for one in sketch.candidates]
    maps = {
        say(SENSOR_NAMES[name]): character_map(
            image, marks, width=MAP_WIDTH // len(shown), least=LEAST[name]
        ).splitlines()
        for name, image in shown.items()
    }
    width = max(len(line) for rows in maps.values() for line in rows)
    head = GAP.join(f"{name:{width}}" for name in maps)
    return [head.rstrip(), *(GAP.join(rows) for rows in zip(*maps.values(), strict=True))]


def _sketch_words(sketch: Sketch) -> list[str]:
    covered = ", ".join(
        f"{say(SENSOR_NAMES[name])} {number(sketch.covered_m2[name], '.2f')} m²" for name in render.SENSORS
    )
    words = [say("covered so far: {parts}, both {both:.2f} m²", parts=covered, both=sketch.covered_m2["both"])]
    return words + [f"{say(SENSOR_NAMES[name])}: {one_line(again(why))}" for name, why in sketch.reasons.items()]


def _candidate_table(sketch: Sketch) -> str:
    if not sketch.candidates:
        return _nothing_yet()
    rows = [
        (
            say("something at?"),
            say("x m"),
            say("y m"),
            say("depth m"),
            say("metal × noise"),
            say("echo × background"),
        )
    ]
    rows += [
        (
            f"{place}?",
            number(one.x_m, "z.2f"),
            number(one.y_m, "z.2f"),
            number(one.depth_m, ".2f"),
            number(one.metal, ".0f"),
            number(one.radar, ".1f"),
        )
        for place, one in enumerate(sketch.candidates[:LISTED], 1)
    ]
    more = len(sketch.candidates) - LISTED
    return table(rows, align="<>>>>>") + (f"\n{say('and {count} weaker', count=more)}" if more > 0 else "")


def _nothing_yet() -> str:
    return say("nothing stands out yet in what was covered: a mine may lie there all the same")


def _target_table(result: Result) -> str:
    if not result.targets:
        return say("no target in what was covered")
    rows = [(say("Target"), say("call"), say("x m"), say("y m"), say("depth m"))]
    rows += [
        (
            one_line(target.id),
            say(render.CALL_NAMES[target.call]),
            number(target.x_m, "z.2f"),
            number(target.y_m, "z.2f"),
            number(target.depth_m, ".2f"),
        )
        for target in render.ordered_targets(result)
    ]
    return table(rows, align="<<>>>")


def frame_line(frame: Frame, *, bars: str = BARS) -> str:
    """Put a frame in one line, for a log or a pipe."""
    trace, known = sparkline(frame.metal_trace, width=24, bars=bars, least=LEAST["emi"]), frame.known
    head = f"{frame.time_s:7.1f} s  {trace:<24}"
    if isinstance(known, Sketch):
        covered = say("{area:.2f} m² covered by both", area=known.covered_m2["both"])
        places = " ".join(f"{n}?({one.x_m:z.2f},{one.y_m:z.2f})" for n, one in enumerate(known.candidates[:9], 1))
        more = len(known.candidates) - 9
        places += f" {say('and {count} weaker', count=more)}" if more > 0 else ""
        reasons = "".join(
            f"; {say(SENSOR_NAMES[name])}: {one_line(again(why))}" for name, why in known.reasons.items()
        )
        return f"{head}  {covered}  {say('provisional')}: {places or _nothing_yet()}{reasons}"
    part = render.percent_down(known.coverage_fraction)
    covered = say("{area:.2f} m² swept, {part} by both", area=known.area_m2, part=part)
    targets = " ".join(
        f"{t.id}:{say(render.CALL_NAMES[t.call])}({t.x_m:z.2f},{t.y_m:z.2f})"
        for t in render.ordered_targets(known)
    )
    return f"{head}  {covered}  {say('whole scan')}: {targets or say('no target in what was covered')}"


class LiveView:
    """Shows frames on a terminal, or writes them line by line to anything else, and draws PNGs on request.

    Parameters
    ----------
    stream
        Where the text goes.
    frames
        Folder for ``frame_0001.png`` and so on, or None.
    overwrite
        Whether frames that are there already may be replaced.

    Raises
    ------
    UsageError
        When ``frames`` holds frames already.
    """

    def __init__(self, stream: TextIO, *, frames: Path | None = None, overwrite: bool = False) -> None:
        self._stream = stream
        self._frames = frames
        self._count = 0
        self._ansi = stream.isatty() and os.environ.get("TERM", "dumb") != "dumb"
        unicode = (getattr(stream, "encoding", None) or "ascii").lower().replace("-", "") == "utf8"
        self._bars = BARS if unicode else PLAIN_BARS
        if frames is not None:
            _prepare(frames, overwrite=overwrite)

    @property
    def least_s(self) -> float:
        """Time below which a picture is followed by another for nobody; 0 where each is written down."""
        return SEEN_S if self._ansi and self._frames is None else 0.0

    @contextmanager
    def running(self) -> Iterator[Callable[[Frame], None]]:
        """Hide the cursor while frames are shown; yield what to call with each."""
        if self._ansi:
            self._stream.write(HIDE_CURSOR)
        try:
            yield self.show
        finally:
            if self._ansi:
                self._stream.write(SHOW_CURSOR)
                self._stream.flush()

    def show(self, frame: Frame) -> None:
        """Show one frame."""
        if self._ansi:
            self._stream.write(f"{HOME_AND_CLEAR}{frame_text(frame, bars=self._bars)}\n")
        else:
            self._stream.write(f"{frame_line(frame, bars=self._bars)}\n")
        self._stream.flush()
        if self._frames is not None:
            self._count += 1
            picture = render.frame_png(
                frame.header,
                frame.known,
                time_s=frame.time_s,
                duration_s=frame.duration_s,
                trace_time_s=frame.trace_time_s,
                trace=frame.metal_trace,
            )
            write_file(self._frames / f"frame_{self._count:04d}.png", picture)


def _prepare(folder: Path, *, overwrite: bool) -> None:
    old = sorted(folder.glob("frame_*.png")) if folder.is_dir() else []
    if old and not overwrite:
        msg = f"{folder} holds {len(old)} frames already: choose another folder, or --overwrite"
        raise UsageError(msg)
    if folder.exists() and not folder.is_dir():
        msg = f"{folder} is a file, expected a folder for the frames"
        raise UsageError(msg)
    folder.mkdir(parents=True, exist_ok=True)
    for path in old:
        path.unlink()
