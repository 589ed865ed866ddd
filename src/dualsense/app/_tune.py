"""The engineer's page: every step of the chain with its controls, before and after, and what came of it."""

from __future__ import annotations

import os
import re
from collections import OrderedDict
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from dualsense.app._bench import understood, work_at
from dualsense.app._guard import FILE_POLICY, Access, body_of
from dualsense.app._server import address, file_answer, listen, not_found, page_routes, run, web_app
from dualsense.language import say
from dualsense.runtime.texts import visible
from dualsense.runtime.workers import LastingWorker, WorkerDiedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.applications import Starlette
    from starlette.requests import Request

    from dualsense.app._bench import Answer, Source, Wish

WORK_S = 600.0
"""For one answer, the first of which reads the recording and takes it through the whole chain."""
MOST_PICTURES = 200
NAME = re.compile(r"[0-9a-f]{32}", flags=re.ASCII)


def tune_app(bench: Bench, access: Access) -> Starlette:
    """Make the web application of a session of tuning.

    Parameters
    ----------
    bench
        Over what is tuned.
    access
        Who is answered.

    Returns
    -------
    Starlette
    """
    return web_app(
        [
            *page_routes("/", "tune"),
            Route("/api/session", bench.session, methods=["GET"]),
            Route("/api/{what:str}", bench.work, methods=["POST"]),
            Route("/pictures/{name}", bench.picture, methods=["GET"]),
        ],
        access,
    )


class Bench:
    """The answers over one recording.

    The page holds the session, as a list of its changes; the worker keeps what they cost. Nothing is lost with it
    but time.

    Parameters
    ----------
    source
        What is tuned.
    out
        Folder that the session is saved to.
    """

    def __init__(self, source: Source, out: Path) -> None:
        self.source, self.out = source, out
        self.worker: LastingWorker[Wish, Answer] = LastingWorker(work_at, threads=os.cpu_count() or 1)
        self._pictures: OrderedDict[str, bytes] = OrderedDict()
        self._lock = Lock()

    def session(self, _request: Request) -> Response:
        name = Path(self.source.path).name
        return JSONResponse({"name": visible(name), "out": visible(str(self.out))})

    def picture(self, request: Request) -> Response:
        name = request.path_params["name"]
        with self._lock:
            content = self._pictures.get(name) if NAME.fullmatch(name) else None
        return not_found() if content is None else file_answer(content, "image/png", FILE_POLICY)

    async def work(self, request: Request) -> Response:
        given = await body_of(request)
        what = request.path_params["what"]
        if what not in ("look", "save", "seen"):
            return not_found()
        wish = understood(given, self.source, what, str(self.out))
        answer = await run_in_threadpool(self.worker.ask, wish, most_s=WORK_S)
        document: dict[str, Any]
        document, pictures = ({"problem": str(answer)}, {}) if isinstance(answer, WorkerDiedError) else answer
        with self._lock:
            for name, content in pictures.items():
                self._pictures[name] = content
                self._pictures.move_to_end(name)
            while len(self._pictures) > MOST_PICTURES:
                self._pictures.popitem(last=False)
        return JSONResponse(document, status_code=409 if "problem" in document else 200)


def run_tune(source: Source, out: Path, *, access: Access, port: int, announce: Callable[[str], None]) -> None:
    """Show a session until interrupted; parameters as for `dualsense.app.tune`."""
    with listen(access.host, port) as listener:
        bench, where = Bench(source, out), address(listener, access)
        try:
            run(
                tune_app(bench, access),
                listener,
                lambda: announce(
                    say("{address} shows {path} (Ctrl-C ends it)", address=where, path=visible(source.path))
                ),
            )
        finally:
            bench.worker.stop()
