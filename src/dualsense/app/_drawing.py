"""Pictures of recordings that are being written: drawn once their file has changed, and once for all who look."""

from __future__ import annotations

import asyncio
import hashlib
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool

from dualsense.app._listing import mark_of
from dualsense.runtime.workers import WorkerDiedError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

HELD_S = 1.0
"""So long a question is held where there is nothing new: a browser keeps six open, and has other questions."""
LEAST_S, MOST_S, SHARE = 0.005, 0.25, 0.05
"""Between looks at a file: this part of the time for which it has rested."""
SETTLED_S = 0.05
"""Two changes of a file may be told by one time if they lie closer together."""
MOST_PICTURES = 8

Mark = tuple[int, int, bool]


@dataclass(frozen=True, slots=True)
class Picture:
    """What was known of a recording at one time.

    Attributes
    ----------
    name
        Of its content; empty while there is nothing to draw.
    png
        Empty where the name is.
    until_s
        Time of its last sample, on the recording's own clock.
    mark
        Of the file before it was drawn.
    """

    name: str
    png: bytes
    until_s: float
    mark: Mark


class Studio:
    """The latest picture of each recording, for one event loop.

    Parameters
    ----------
    draw
        From the path of a recording to a PNG, empty while nothing is known, and the time of its last sample; may
        block.
    """

    def __init__(self, draw: Callable[[str], tuple[bytes, float] | WorkerDiedError]) -> None:
        self._draw = draw
        self._latest: dict[Path, Picture] = {}
        self._drawing: dict[Path, asyncio.Task[Picture]] = {}

    async def latest(self, path: Path) -> Picture:
        """Give the picture that was drawn last; the first one is drawn."""
        return self._latest.get(path) or await self._drawn(path, _mark(path))

    async def news(self, path: Path, seen: str) -> Picture:
        """Give the picture as soon as it is another than the one that was seen, or after `HELD_S`.

        Parameters
        ----------
        path
            Of the recording.
        seen
            Name of a picture; empty for none.
        """
        loop = asyncio.get_running_loop()
        until_s = loop.time() + HELD_S
        while True:
            latest, mark = self._latest.get(path), _mark(path)
            if latest is None or latest.mark != mark:
                latest = await self._drawn(path, mark)
            if latest.name != seen or loop.time() >= until_s:
                return latest
            rested_s = time.time() - 1e-9 * mark[0]
            await asyncio.sleep(min(max(SHARE * rested_s, LEAST_S), MOST_S))

    async def _drawn(self, path: Path, mark: Mark) -> Picture:
        """Draw, or wait for the drawing that is being made."""
        task = self._drawing.get(path)
        if task is None:
            task = self._drawing[path] = asyncio.ensure_future(self._made(path, mark))
            task.add_done_callback(lambda _: self._drawing.pop(path, None))
        return await asyncio.shield(task)

    async def _made(self, path: Path, mark: Mark) -> Picture:
        drawn = await run_in_threadpool(self._draw, str(path))
        png, until_s = (b"", 0.0) if isinstance(drawn, WorkerDiedError) else drawn
        picture = Picture(hashlib.sha256(png).hexdigest()[:16] if png else "", png, until_s, mark)
        self._latest.pop(path, None)
        self._latest[path] = picture
        while len(self._latest) > MOST_PICTURES:
            del self._latest[next(iter(self._latest))]
        return picture


def _mark(path: Path) -> Mark:
    """Tell a file's state; one that has just changed is looked at once more when it has rested."""
    changed_ns, size = mark_of(path)
    return changed_ns, size, time.time_ns() - changed_ns > 1e9 * SETTLED_S
