"""The training's pages and answers: lanes whose truth is told only after they were scored."""

from __future__ import annotations

import math
import os
import secrets
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from threading import Lock, Thread
from typing import TYPE_CHECKING, Any

from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from dualsense.app._decisions import entry_name
from dualsense.app._guard import REPORT_POLICY, Access, body_of
from dualsense.app._lessons import Invent, Lesson, Level, LookAt, Mark, ScoreLane, ShowLane, do_lesson
from dualsense.app._listing import Shelf, key_of
from dualsense.app._server import address, file_answer, listen, not_found, page_routes, run, web_app
from dualsense.app._training import SAME, SCORES, lane_entry, score_card, summary_of
from dualsense.errors import DualsenseError, UsageError, one_line
from dualsense.language import say
from dualsense.runtime.journal import append_once, read_journal
from dualsense.runtime.texts import visible
from dualsense.runtime.workers import LastingWorker, WorkerDiedError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from starlette.applications import Starlette
    from starlette.requests import Request

MOST_PAGES = 8
TASK_S = 900.0
MAX_MARKS = 100
MAX_NAME = 80
MOST_TRAINEES = 1000
MOST_M = 10_000.0


@dataclass(slots=True)
class Lane:
    """One lane of the training; its file's name and place are told to nobody."""

    path: Path
    key: str
    state: str = "waiting"
    level: str = ""
    source: str = ""
    problem: str = ""
    opened_s: dict[str, float] = field(default_factory=dict)
    """When each trainee looked first, by their names as `_same` writes them."""


@dataclass(slots=True)
class Ground:
    """All lanes, and the one process that reads, invents, draws and scores them.

    Attributes
    ----------
    folder
        Where scans with truth lie, new ones are put, and scores are written down.
    level
        Of the lanes that are shown; None for all.
    wanted
        How many lanes of the level there are to be; what is missing is invented.
    """

    folder: Path
    level: Level | None
    wanted: int
    lanes: dict[str, Lane] = field(default_factory=dict)
    pages: OrderedDict[str, bytes] = field(default_factory=OrderedDict)
    worker: LastingWorker[Lesson, dict[str, Any]] = field(
        default_factory=lambda: LastingWorker(do_lesson, threads=os.cpu_count() or 1)
    )
    lock: Lock = field(default_factory=Lock)
    ended: bool = False

    def start(self) -> Thread:
        """Look at all scans and invent what is missing, in a thread of its own."""
        thread = Thread(target=self._prepare, name="lanes", daemon=True)
        thread.start()
        return thread

    def stop(self) -> None:
        """End the work."""
        self.ended = True
        self.worker.stop()

    def ask(self, task: Lesson) -> dict[str, Any]:
        """Have a task done; what went wrong is a DualsenseError of one line."""
        answer = self.worker.ask(task, most_s=TASK_S)
        problem = str(answer) if isinstance(answer, WorkerDiedError) else answer.get("problem", "")
        if problem or isinstance(answer, WorkerDiedError):
            raise DualsenseError(one_line(problem))
        return answer

    def _prepare(self) -> None:
        shelf = Shelf(self.folder)
        shelf.results()
        for path in shelf.scans():
            self._add(path)
        if self.level is None:
            return
        while not self.ended and sum(lane.state == "ready" for lane in self.lanes.values()) < self.wanted:
            path = self.folder / f"lane-{self.level}-{secrets.token_hex(4)}.h5"
            lane = Lane(path, key_of(path, self.folder), "inventing", self.level, "simulated")
            self.lanes[lane.key] = lane
            try:
                self.ask(Invent(str(path), self.level, secrets.randbits(62)))
            except DualsenseError as error:
                lane.state, lane.problem = "failed", str(error)
                return
            lane.state = "ready"

    def _add(self, path: Path) -> None:
        if self.ended:
            return
        lane = Lane(path, key_of(path, self.folder))
        try:
            told = self.ask(LookAt(str(path)))
        except DualsenseError as error:
            lane.state, lane.problem = "failed", str(error)
        else:
            lane.state, lane.level, lane.source = "ready", told["level"], told["source"]
        if lane.state == "failed" or self.level in {None, lane.level}:
            self.lanes[lane.key] = lane

    def page(self, lane: Lane, trainee: str) -> bytes:
        """Give the page of a lane, made when it is first asked for, to a trainee whose time begins."""
        with self.lock:
            if lane.key not in self.pages:
                number = list(self.lanes).index(lane.key) + 1
                made = self.ask(ShowLane(str(lane.path), f"{number}"))
                self.pages[lane.key] = made["page"].encode("utf-8")
                while len(self.pages) > MOST_PAGES:
                    self.pages.popitem(last=False)
            if trainee and len(lane.opened_s) < MOST_TRAINEES:
                lane.opened_s.setdefault(_same(trainee), time.monotonic())
            return self.pages[lane.key]


def train_app(ground: Ground, access: Access) -> Starlette:
    """Make the web application of the training; the answers hold no truth of a lane that was not scored."""
    pages = _Pages(ground)
    return web_app(
        [
            *page_routes("/", "train"),
            *page_routes("/lane/{key}", "lane"),
            Route("/api/lanes", pages.lanes, methods=["GET"]),
            Route("/lanes/{key}/page.html", pages.page, methods=["GET"]),
            Route("/api/lanes/{key}/score", pages.score, methods=["POST"]),
            Route("/api/summary", pages.summary, methods=["GET"]),
        ],
        access,
    )


class _Pages:
    def __init__(self, ground: Ground) -> None:
        self.ground = ground

    def lanes(self, request: Request) -> Response:
        """List the lanes, and of a trainee which of them are done.

        A lane's own level comes from its truth, and is told with it; the level that was asked for tells nothing of
        any one lane.
        """
        trainee = request.query_params.get("trainee", "")
        done = {entry["lane"] for entry in self._entries(trainee)}
        rows = [
            lane_entry(
                number,
                lane.key,
                lane.state,
                lane.level if lane.key in done else "",
                lane.source,
                self._hidden(lane),
            )
            | {"done": lane.key in done}
            for number, lane in enumerate(list(self.ground.lanes.values()), 1)
        ]
        return JSONResponse({"lanes": rows, "level": self.ground.level})

    def page(self, request: Request) -> Response:
        lane = self.ground.lanes.get(request.path_params["key"])
        if lane is None or lane.state != "ready":
            return not_found()
        return file_answer(
            self.ground.page(lane, request.query_params.get("trainee", "")),
            "text/html; charset=utf-8",
            REPORT_POLICY,
        )

    async def score(self, request: Request) -> Response:
        given = await body_of(request)
        lane = self.ground.lanes.get(request.path_params["key"])
        if lane is None or lane.state != "ready":
            return not_found()
        return JSONResponse(await run_in_threadpool(self._scored, lane, given), status_code=201)

    def summary(self, request: Request) -> Response:
        return JSONResponse(summary_of(self._entries(request.query_params.get("trainee", ""))))

    def _scored(self, lane: Lane, given: dict[str, Any]) -> dict[str, Any]:
        trainee, marks, entry = _trainee(given), _marks(given), entry_name(given)
        took_s = time.monotonic() - lane.opened_s.get(_same(trainee), math.nan)
        score = self.ground.ask(ScoreLane(str(lane.path), marks))
        seen = any(one["lane"] == lane.key for one in self._entries(trainee))
        card = score_card(lane.key, trainee, entry, score, took_s, seen=seen)
        try:
            # The truth is told of what is written down, and of nothing else: not of another lane's or trainee's
            # name, nor of other marks.
            kept = append_once(self.ground.folder / SCORES, card, unique="entry", same=SAME)
        except OSError as error:
            msg = f"the score was not written down: {error.strerror or error}"
            raise DualsenseError(msg) from error
        lane.opened_s.pop(_same(trainee), None)
        return kept

    def _entries(self, trainee: str) -> list[dict[str, Any]]:
        try:
            entries, _ = read_journal(self.ground.folder / SCORES)
        except OSError:
            return []
        name = _same(trainee)
        return [one for one in entries if _same(one.get("trainee")) == name and isinstance(one.get("lane"), str)]

    def _hidden(self, lane: Lane) -> str:
        """Say what is wrong with a lane without its name, which may tell what lies there."""
        return lane.problem.replace(str(lane.path), "").replace(lane.path.name, "").lstrip(": ")


def _same(name: object) -> str:
    """Write a trainee's name so that large letters and spaces make nobody another person."""
    return " ".join(name.split()).casefold() if isinstance(name, str) else ""


def _trainee(given: dict[str, Any]) -> str:
    name = given.get("trainee")
    if not isinstance(name, str) or not 0 < len(name.strip()) <= MAX_NAME:
        msg = f"trainee: expected a name of 1 to {MAX_NAME} characters"
        raise UsageError(msg)
    return name.strip()


def _marks(given: dict[str, Any]) -> tuple[Mark, ...]:
    rows = given.get("marks")
    if not isinstance(rows, list) or len(rows) > MAX_MARKS:
        msg = f"marks: expected a list of at most {MAX_MARKS}"
        raise UsageError(msg)
    return tuple(_mark(number, row) for number, row in enumerate(rows, 1))


def _mark(number: int, row: Any) -> Mark:
    given = [row.get(name) if isinstance(row, dict) else None for name in ("x_m", "y_m", "chance")]
    values = [float(value) for value in given if isinstance(value, (int, float)) and abs(value) <= MOST_M]
    if len(values) != len(given) or not 0 <= values[2] <= 1:
        msg = f"marks: number {number} needs x_m, y_m and a chance of 0 to 1"
        raise UsageError(msg)
    return Mark(f"M{number}", values[0], values[1], row.get("dig") is True, values[2])


def run_train(
    folder: Path, *, level: Level | None, lanes: int, access: Access, port: int, announce: Callable[[str], None]
) -> None:
    """Train until interrupted; parameters as for `dualsense.app.train`."""
    ground = Ground(folder.resolve(), level, lanes)
    with listen(access.host, port) as listener:
        where, app = address(listener, access), train_app(ground, access)
        thread = ground.start()
        try:
            told = {"address": where, "path": visible(str(folder))}
            run(app, listener, lambda: announce(say("{address} trains on {path} (Ctrl-C ends it)", **told)))
        finally:
            ground.stop()
            thread.join()
