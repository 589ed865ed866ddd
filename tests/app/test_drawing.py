"""Pictures of recordings that grow: drawn when their file has changed, once for all who look, and then no more."""

from __future__ import annotations

import asyncio
import os
import threading
from pathlib import Path

import pytest

pytest.importorskip("starlette", reason="needs dualsense[app]")

from starlette.requests import Request

from dualsense.app import _drawing
from dualsense.app._drawing import Studio
from dualsense.app._listing import Shelf
from dualsense.app._view import Pages
from dualsense.app._workshop import Workshop
from dualsense.runtime.workers import WorkerDiedError

WRITTEN = b"\x89HDF\r\n\x1a\n\x03\x08\x08\x05" + bytes(36)


@pytest.fixture(autouse=True)
def soon(monkeypatch):
    monkeypatch.setattr(_drawing, "HELD_S", 0.05)
    monkeypatch.setattr(_drawing, "MOST_S", 0.01)


@pytest.fixture
def path(tmp_path):
    """A file that has rested for long."""
    made = tmp_path / "growing.h5"
    grow(made, 0)
    return made


def grow(path, size):
    path.write_bytes(WRITTEN + bytes(size))
    os.utime(path, ns=(10**9 * (1000 + size),) * 2)


class Drawer:
    """Draws the size of a file, and counts how often."""

    def __init__(self):
        self.count = 0

    def __call__(self, scan):
        self.count += 1
        size = Path(scan).stat().st_size
        return str(size).encode(), float(size)


def test_a_file_that_rests_is_drawn_once_however_often_and_by_however_many_it_is_asked_for(path):
    draw = Drawer()

    async def asks():
        studio = Studio(draw)
        first = await studio.news(path, "")
        assert (first.png, first.until_s) == (str(path.stat().st_size).encode(), float(path.stat().st_size))
        held = await asyncio.gather(*(studio.news(path, first.name) for _ in range(3)))
        assert [one.name for one in held] == [first.name] * 3
        assert await studio.news(path, "") is first  # another tab, that has none yet
        assert await studio.latest(path) is first

    asyncio.run(asks())
    assert draw.count == 1


def test_all_who_look_share_a_drawing(path):
    begun, go_on = threading.Event(), threading.Event()
    drawn = Drawer()

    def slow(scan):
        begun.set()
        assert go_on.wait(20.0)
        return drawn(scan)

    async def asks():
        studio = Studio(slow)
        waiting = [asyncio.ensure_future(studio.news(path, "")) for _ in range(5)]
        await asyncio.to_thread(begun.wait, 20.0)
        go_on.set()
        assert len({picture.name for picture in await asyncio.gather(*waiting)}) == 1

    asyncio.run(asks())
    assert drawn.count == 1


def test_a_file_that_grows_is_drawn_anew_and_who_waits_hears_of_it(path, monkeypatch):
    monkeypatch.setattr(_drawing, "HELD_S", 60.0)
    draw = Drawer()

    async def asks():
        studio = Studio(draw)
        first = await studio.news(path, "")
        waiting = asyncio.ensure_future(studio.news(path, first.name))
        await asyncio.sleep(0)
        grow(path, 7)
        second = await waiting
        assert second.name != first.name
        assert second.until_s == first.until_s + 7.0

    asyncio.run(asks())
    assert draw.count == 2


def test_a_file_that_has_just_changed_is_looked_at_once_more(path, monkeypatch):
    """Its clock may have told two changes by one time."""
    draw, now_ns = Drawer(), path.stat().st_mtime_ns
    monkeypatch.setattr(_drawing.time, "time_ns", lambda: now_ns)

    async def asks(after_ns):
        nonlocal now_ns
        studio = Studio(draw)
        first = await studio.news(path, "")
        assert await studio.news(path, first.name) is first
        now_ns += after_ns
        await studio.news(path, first.name)
        await studio.news(path, first.name)

    asyncio.run(asks(10**9))
    assert draw.count == 2


@pytest.mark.parametrize("drawn", ((b"", 0.0), WorkerDiedError("killed")))
def test_what_cannot_be_drawn_has_no_name(path, drawn):
    async def asks():
        return await Studio(lambda _scan: drawn).news(path, "")

    picture = asyncio.run(asks())
    assert (picture.name, picture.png) == ("", b"")


def test_only_so_many_pictures_are_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(_drawing, "MOST_PICTURES", 2)
    paths = [tmp_path / f"{name}.h5" for name in "abc"]
    for one in paths:
        grow(one, 0)

    async def asks():
        studio = Studio(Drawer())
        for one in paths:
            await studio.latest(one)
        return set(studio._latest)

    assert asyncio.run(asks()) == set(paths[1:])


def test_the_viewer_names_a_picture_and_gives_it_with_its_time(path):
    shop = Workshop(Shelf(path.parent), path.parent / "results")
    shop._look()
    key = next(row["key"] for row in shop.rows() if row["state"] == "recording")
    pages, draw = Pages(shop, ""), Drawer()
    pages.studio = Studio(draw)

    def request(key, query=b""):
        return Request({"type": "http", "path_params": {"key": key}, "query_string": query, "headers": []})

    async def asks():
        told = await pages.growing(request(key))
        name = told.body.decode().split('"')[3]
        assert (await pages.growing(request(key, b"seen=" + name.encode()))).body == told.body
        shown = await pages.recording(request(key))
        assert shown.body == str(path.stat().st_size).encode()
        assert shown.headers["content-type"] == "image/png"
        assert shown.headers["server-timing"] == f"recorded;dur={1e3 * path.stat().st_size:.1f}"
        for answer in (pages.growing, pages.recording):
            assert (await answer(request("0" * 16))).status_code == 404

    asyncio.run(asks())
    assert draw.count == 1
