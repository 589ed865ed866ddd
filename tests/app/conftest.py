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
def running(folder):
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(
        [sys.executable, "-m", "dualsense", "view", str(folder), "--port", "0"],
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


@pytest.fixture
def page():
    """A page of headless Chromium that has no way to the network but loopback."""
    playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright")
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("needs Chromium on the PATH")
    quiet = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"]
    quiet += ["--disable-background-networking", "--disable-component-update"]
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=quiet)
        yield browser.new_page(viewport={"width": 1280, "height": 900})
        browser.close()


@pytest.fixture(scope="session")
def new_result():
    """What writes a result into a folder."""
    return write_result


@pytest.fixture(scope="session")
def serving():
    """A real server over a folder, as a context."""
    return running
