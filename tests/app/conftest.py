"""A folder of results, a real server over it, and a real browser."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import struct
import subprocess
import sys
import zlib
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest

HOSTILE = "<img src=x onerror=\"document.title='owned'\">"


def png() -> bytes:
    """Return the smallest picture there is: one grey pixel."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"\0\x80")) + chunk(b"IEND", b"")


def write_result(folder, scan_id="lane 7", calls=("suspect", "likely-clutter")):
    folder.mkdir(parents=True, exist_ok=True)
    targets = [
        {
            "id": f"T{n}",
            "call": call,
            "x_m": 0.1 * n,
            "y_m": 0.2,
            "depth_m": None,
            "confidence": 0.5,
            "reasons": ["metal", HOSTILE],
        }
        for n, call in enumerate(calls, 1)
    ]
    document = {
        "schema": "dualsense-targets",
        "scan_id": scan_id,
        "model": "uncalibrated-1",
        "area_m2": 0.5,
        "coverage_fraction": 0.999,
        "targets": targets,
    }
    (folder / "targets.json").write_text(json.dumps(document), encoding="utf-8")
    (folder / "fused.png").write_bytes(png())
    (folder / "report.html").write_text("<!doctype html><title>report</title><p>report</p>", encoding="utf-8")
    (folder / "result.h5").write_bytes(b"not for the browser")


@dataclass
class Server:
    process: subprocess.Popen
    url: str

    def get(self, path, *, method="GET", host=None):
        """Ask for exactly this path, which a browser or urllib would tidy up first."""
        address = urlsplit(self.url)
        connection = http.client.HTTPConnection(address.hostname, address.port, timeout=10)
        try:
            connection.putrequest(method, path, skip_host=host is not None)
            if host is not None:
                connection.putheader("Host", host)
            connection.endheaders()
            answer = connection.getresponse()
            return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()
        finally:
            connection.close()


@contextmanager
def running(folder, verb="view", *options):
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(
        [sys.executable, "-m", "dualsense", verb, str(folder), "--port", "0", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )
    try:
        url = process.stdout.readline().split()[0]
        yield Server(process, url)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        process.communicate(timeout=20)


@pytest.fixture(scope="session")
def results_folder(tmp_path_factory):
    """Two results, one of them nested, one that cannot be read, and things that nobody may see."""
    outside = tmp_path_factory.mktemp("outside")
    (outside / "secret.png").write_bytes(b"secret")
    folder = tmp_path_factory.mktemp("results")
    write_result(folder / "lane_7")
    write_result(folder / "day 2" / "lane_8", scan_id=HOSTILE, calls=())
    write_result(folder / ".hidden", scan_id="hidden")
    (folder / "broken").mkdir()
    (folder / "broken" / "targets.json").write_text('{"scan_id": ', encoding="utf-8")
    (folder / "lane_7" / "link.png").symlink_to(outside / "secret.png")
    (folder / "linked").symlink_to(outside, target_is_directory=True)
    (outside / "targets.json").write_text('{"scan_id": "outside"}', encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def server(results_folder):
    pytest.importorskip("starlette", reason="needs dualsense[app]")
    pytest.importorskip("uvicorn", reason="needs dualsense[app]")
    with running(results_folder) as started:
        yield started


@pytest.fixture(scope="module")
def browser():
    """Headless Chromium, once for a module: another driver beside it would end this one."""
    playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright")
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("needs Chromium on the PATH")
    quiet = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-sync"]
    quiet += ["--disable-quic", "--disable-background-networking", "--disable-component-update"]
    with playwright.sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=program, args=quiet)
        yield started
        started.close()


class Visit:
    """A page with all it asked for and complained of."""

    def __init__(self, browser, url, size=(1024, 768), **kept):
        self.context = browser.new_context(viewport={"width": size[0], "height": size[1]}, has_touch=True)
        for name, text in kept.items():
            keep = f"localStorage.setItem('dualsense-{name}', '{text}')"
            self.context.add_init_script(f"try {{ {keep} }} catch {{ /* a frame keeps nothing */ }}")
        self.page = self.context.new_page()
        self.page.set_default_timeout(90_000)
        self.said, self.asked = [], []
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.goto(url)
        self.page.locator("a.card").first.wait_for()

    def open(self, name):
        self.page.locator("a.card", has_text=name).tap()
        self.frame = self.page.frame_locator("#page")
        self.frame.locator("#plan[data-drawn]").wait_for()
        return self.frame

    def fits(self):
        """Nothing is wider than the screen, and what is pressed is large enough for a finger."""
        width = self.page.viewport_size["width"]
        assert self.page.evaluate("document.documentElement.scrollWidth") <= width
        for one in self.page.locator("button, select, a.button, input, .choice").all():
            box = one.bounding_box()
            if box and box["width"] > 2:
                assert box["height"] >= 44, one
                assert box["width"] >= 44, one
                assert box["x"] >= -0.5, one
                assert box["x"] + box["width"] <= width + 0.5, one

    def done(self):
        assert {urlsplit(url).hostname for url in self.asked if not url.startswith("data:")} == {"127.0.0.1"}
        assert self.said == []
        self.fits()
        self.context.close()


@pytest.fixture(scope="session")
def visiting():
    """What opens a page in a browser and hears what it says."""
    return Visit


@pytest.fixture(scope="session")
def new_result():
    """What writes a result into a folder."""
    return write_result


@pytest.fixture(scope="session")
def serving():
    """A real server over a folder, as a context."""
    return running
