"""The viewer's pages and answers: what lies in a folder, one result with the operator's controls, decisions."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any

from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from dualsense.app._decisions import decisions_csv, decisions_json, read_decisions, record_decision
from dualsense.app._drawing import Studio
from dualsense.app._guard import FILE_POLICY, REPORT_POLICY, Access, body_of
from dualsense.app._imaging import Imaging, asked_for, image_one
from dualsense.app._listing import LIST, MAX_FILE_BYTES, MEDIA_TYPES, read_list, read_plain
from dualsense.app._server import address, file_answer, language_of, listen, not_found, page_routes, run, web_app
from dualsense.app._work import draw_one
from dualsense.app._workshop import shop_of
from dualsense.errors import DualsenseError, one_line
from dualsense.language import again, again_cause, say, speaking
from dualsense.runtime.texts import visible
from dualsense.runtime.workers import LastingWorker, WorkerDiedError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from starlette.applications import Starlette
    from starlette.requests import Request

    from dualsense.app._workshop import Workshop

EXPORTS = {"decisions.csv": "text/csv; charset=utf-8", "decisions.json": "application/json"}
IMAGE_S = 120.0
"""For an image, the first of which takes its scan through the whole chain."""
KEY = re.compile(r"[0-9a-f]{16}", flags=re.ASCII)


def view_app(pages: Pages, access: Access) -> Starlette:
    """Make the web application of the viewer.

    Parameters
    ----------
    pages
        Over what is viewed.
    access
        Who is answered.

    Returns
    -------
    Starlette
    """
    return web_app(
        [
            *page_routes("/", "index"),
            *page_routes("/view/{key}", "view"),
            Route("/api/results", pages.results, methods=["GET"]),
            Route("/api/folder", pages.folder, methods=["GET"]),
            Route("/results/{key}/{file}", pages.file, methods=["GET"]),
            Route("/api/recordings/{key}", pages.growing, methods=["GET"]),
            Route("/recordings/{key}.png", pages.recording, methods=["GET"]),
            Route("/api/results/{key}/image", pages.image, methods=["POST"]),
            Route("/api/results/{key}/decisions", pages.decisions, methods=["GET"]),
            Route("/api/results/{key}/decisions", pages.decide, methods=["POST"]),
        ],
        access,
    )


class Pages:
    """The answers over one workshop.

    Parameters
    ----------
    shop
        Over what is viewed.
    single
        Key of the one result that there is to see; empty for a folder.
    """

    def __init__(self, shop: Workshop, single: str) -> None:
        self.shop, self.shelf, self.single = shop, shop.shelf, single
        self.imager: LastingWorker[Imaging, dict[str, Any]] = LastingWorker(image_one, threads=os.cpu_count() or 1)
        self.drawer: LastingWorker[str, tuple[bytes, float]] = LastingWorker(draw_one, threads=1)
        self.studio = Studio(lambda scan: self.drawer.ask(scan, most_s=IMAGE_S))

    def results(self, request: Request) -> Response:
        """List what is there; what results say in English is said again in the page's language."""
        with speaking(language_of(request)):
            return JSONResponse([_said_again(row) for row in (*self.shelf.listing(), *self.shop.rows())])

    def folder(self, _request: Request) -> Response:
        name = "" if self.single else os.fsencode(self.shelf.folder.name).decode("utf-8", "backslashreplace")
        return JSONResponse({"single": self.single, "name": name})

    def file(self, request: Request) -> Response:
        name = request.path_params["file"]
        if name in EXPORTS:
            return self._export(request, name)
        path = self.shelf.files(request.path_params["key"]).get(name)
        if path is None:
            return not_found()
        try:
            content = read_plain(path, MAX_FILE_BYTES)
        except OSError:
            return not_found()
        policy = REPORT_POLICY if path.name == "report.html" else FILE_POLICY
        return file_answer(content, MEDIA_TYPES[path.name], policy)

    def decisions(self, request: Request) -> Response:
        found = self._list(request)
        if found is None:
            return not_found()
        rows, torn = read_decisions(*found)
        return JSONResponse({"decisions": rows, "torn": torn})

    async def decide(self, request: Request) -> Response:
        given = await body_of(request)
        found = await run_in_threadpool(self._list, request)
        if found is None:
            return not_found()
        return JSONResponse(await run_in_threadpool(_recorded, *found, given), status_code=201)

    async def image(self, request: Request) -> Response:
        given = await body_of(request)
        found = await run_in_threadpool(self._list, request)
        if found is None:
            return not_found()
        folder, document = found
        sha256 = str(document.get("scan_sha256") or "")
        task = asked_for(given, folder, self.shop.scan_of(sha256), sha256)
        answer = await run_in_threadpool(self.imager.ask, task, most_s=IMAGE_S)
        said = {"problem": str(answer)} if isinstance(answer, WorkerDiedError) else answer
        return JSONResponse(said, status_code=409 if "problem" in said else 200)

    async def growing(self, request: Request) -> Response:
        """Name the picture of a scan that is being recorded, once it is another than the one that was ``seen``."""
        path = await run_in_threadpool(self.shop.recorded, request.path_params["key"])
        if path is None:
            return not_found()
        picture = await self.studio.news(path, request.query_params.get("seen", ""))
        return JSONResponse({"picture": picture.name})

    async def recording(self, request: Request) -> Response:
        """Give the latest picture of a scan that is being recorded."""
        path = await run_in_threadpool(self.shop.recorded, request.path_params["key"])
        picture = None if path is None else await self.studio.latest(path)
        if picture is None or not picture.name:
            return not_found()
        answer = file_answer(picture.png, "image/png", FILE_POLICY)
        until_ms = 1e3 * picture.until_s
        answer.headers["server-timing"] = f"recorded;dur={until_ms:.1f}"  # until when, for who measures it
        return answer

    def stop(self) -> None:
        """End the processes that draw."""
        self.imager.stop()
        self.drawer.stop()

    def _export(self, request: Request, name: str) -> Response:
        found = self._list(request)
        if found is None:
            return not_found()
        rows, torn = read_decisions(*found)
        text = decisions_csv(rows) if name.endswith(".csv") else decisions_json(rows, torn)
        return file_answer(text.encode("utf-8", "backslashreplace"), EXPORTS[name], FILE_POLICY)

    def _list(self, request: Request) -> tuple[Path, dict[str, Any]] | None:
        """Give the folder of the result that is asked for, and its list; None without one."""
        key = request.path_params["key"]
        folder = self.shelf.place(key) if KEY.fullmatch(key) else None
        try:
            return None if folder is None else (folder, read_list(folder / LIST))
        except (OSError, ValueError, RecursionError):
            return None


def _said_again(row: dict[str, Any]) -> dict[str, Any]:
    told = {"fault_words": [again(text) for text in row["fault_words"]]} if "fault_words" in row else {}
    return {**row, **told, **({"problem": again_cause(row["problem"])} if row.get("problem") else {})}


def _recorded(folder: Path, document: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    try:
        return record_decision(folder, document, given)
    except OSError as error:
        msg = f"the decision was not recorded: {error.strerror or type(error).__name__}"
        raise DualsenseError(msg) from error
    except (ValueError, TypeError, AttributeError, KeyError) as error:
        # A list of anybody's: a place that is NaN is no JSON, and none that a digger could be sent to.
        msg = one_line(f"the decision was not recorded: {LIST} is not as it should be: {error}")
        raise DualsenseError(msg) from error


def run_view(
    path: Path,
    *,
    access: Access,
    port: int,
    out: Path | None,
    processes: bool,
    announce: Callable[[str], None],
) -> None:
    """Show a folder, a result or a scan until interrupted; parameters as for `dualsense.app.view`."""
    shop, single = shop_of(path, out, processes=processes)
    with listen(access.host, port) as listener:
        pages = Pages(shop, single)
        shop.start()
        where = address(listener, access)
        try:
            run(
                view_app(pages, access),
                listener,
                lambda: announce(
                    say("{address} shows {path} (Ctrl-C ends it)", address=where, path=visible(str(path)))
                ),
            )
        finally:
            pages.stop()
            shop.stop()
