"""What a served folder may hold: results of anybody, and whatever else lies there."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from contextlib import suppress
from importlib import resources
from urllib.parse import urlsplit

import pytest

from dualsense.app import _listing as listing
from dualsense.render import OUTPUT_FILES

GOOD = {"scan_id": "a", "model": "m", "area_m2": 0.5, "coverage_fraction": 1.0, "targets": []}


def _change(**changes):
    return json.dumps(GOOD | changes).encode()


UNREADABLE = {
    "brackets": b'{"targets": ' + b"[" * 100_000,
    "bytes": b"\xff\xfe{}",
    "digits": b'{"area_m2": ' + b"1" * 5000 + b"}",
    "list": b"[]",
    "calls": _change(targets=[{"call": {}}, 3]),
    "empty": b"",
    "long": b" " * (listing.MAX_LIST_BYTES + 1),
}
READABLE = {
    "nan": b'{"scan_id": "a", "model": "m", "area_m2": NaN, "coverage_fraction": -Infinity, "targets": []}',
    "huge": b'{"scan_id": "a", "model": "m", "area_m2": 1e999, "coverage_fraction": '
    + b"1" * 400
    + b', "targets": []}',
    "half": b'{"scan_id": "\\ud800", "model": "m", "area_m2": true, "coverage_fraction": [], "targets": []}',
    "kinds": _change(scan_id=["<script>"], model={"a": 1}, area_m2="1", coverage_fraction=None),
    "texts": _change(scan_id="x" * 10_000, area_m2=None, coverage_fraction=None),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_lists_that_cannot_be_read_are_told(tmp_path, name):
    (tmp_path / "targets.json").write_bytes(UNREADABLE[name])
    assert set(listing.describe({"targets.json": tmp_path / "targets.json"})) == {"problem"}


@pytest.mark.parametrize("name", READABLE)
def test_odd_values_are_left_out(tmp_path, name):
    (tmp_path / "targets.json").write_bytes(READABLE[name])
    found = listing.describe({"targets.json": tmp_path / "targets.json"})
    json.dumps(found, allow_nan=False, ensure_ascii=False).encode()
    assert found["area_m2"] is None
    assert found["coverage_fraction"] is None
    assert len(found["scan_id"]) <= listing.MAX_TEXT


def test_a_call_that_is_not_known_is_to_be_dug(tmp_path, new_result):
    new_result(tmp_path, calls=("mine", "likely-clutter", {}))
    found = listing.describe({"targets.json": tmp_path / "targets.json"})
    assert (found["dig"], found["calls"]) == (2, {"unclear": 2, "likely-clutter": 1})


@pytest.mark.parametrize(
    ("dig", "covered", "said"), ((2, 0, "toDig"), (2, 0.5, "toDig"), (0, 0, "nothingCovered"), (0, 1, "noDig"))
)
def test_what_is_to_be_dug_is_said_first(dig, covered, said):
    node = shutil.which("node")
    if node is None:
        pytest.skip("needs Node.js on the PATH")
    script = (resources.files("dualsense.app") / "static" / "index.js").read_text("utf-8")
    asked = re.search(r"^function digText\(.*?^}", script, flags=re.DOTALL | re.MULTILINE)[0]
    result = json.dumps({"dig": dig, "coverage_fraction": covered})
    program = f"const say = (key) => key; {asked} console.log(digText({result}));"
    done = subprocess.run([node, "-e", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == said


def test_what_is_served_is_of_the_contract():
    assert set(OUTPUT_FILES) - set(listing.MEDIA_TYPES) == {"result.h5"}
    assert set(listing.PICTURES) >= {name for name in OUTPUT_FILES if name.endswith(".png")}


def test_a_list_is_read_once_while_it_does_not_change(tmp_path, new_result, monkeypatch):
    new_result(tmp_path / "lane")
    shelf, asked = listing.Shelf(tmp_path), []
    describe = listing.describe
    monkeypatch.setattr(listing, "describe", lambda files: asked.append(1) or describe(files))
    first = shelf.listing()
    assert shelf.listing() == first
    assert len(asked) == 1
    new_result(tmp_path / "lane", scan_id="another lane")
    assert shelf.listing()[0]["scan_id"] == "another lane"


def test_many_results_are_walked_through_once(tmp_path, monkeypatch):
    for number in range(300):
        (tmp_path / f"lane_{number:03d}").mkdir()
        (tmp_path / f"lane_{number:03d}" / "targets.json").write_bytes(_change())
    shelf, walks = listing.Shelf(tmp_path), []
    walk = os.walk
    monkeypatch.setattr(listing.os, "walk", lambda top: walks.append(top) or walk(top))
    rows = shelf.listing()
    assert [row["name"] for row in rows] == [f"lane_{number:03d}" for number in range(300)]
    assert len(walks) == 1
    assert all(shelf.files(row["key"]) for row in rows)
    assert len(walks) == 1
    assert shelf.files("0" * 16) == {}


@pytest.fixture(scope="module")
def served(tmp_path_factory, new_result, serving):
    """A folder with every bad list, a name that is not UTF-8, and files that would run."""
    pytest.importorskip("starlette", reason="needs dualsense[app]")
    pytest.importorskip("uvicorn", reason="needs dualsense[app]")
    folder = tmp_path_factory.mktemp("served")
    new_result(folder / "good")
    for name in ("other.html", "evil.svg", "evil.js", "evil.css", "batch.csv", "photo.png"):
        (folder / "good" / name).write_text("<script>alert(1)</script>")
    for name, content in (UNREADABLE | READABLE).items():
        (folder / name).mkdir()
        (folder / name / "targets.json").write_bytes(content)
    new_result(folder / os.fsdecode(b"lane \xff"))
    new_result(folder / "\x1b[31m<b>")
    with serving(folder) as server:
        yield server


def test_nothing_takes_the_list_down(served):
    status, _, body = served.get("/api/results")
    assert status == 200
    found = {row["name"]: row for row in json.loads(body)}
    assert set(found) == {*UNREADABLE, *READABLE, "good", "lane \\xff", "\x1b[31m<b>"}
    assert all(("problem" in found[name]) == (name in UNREADABLE) for name in found)
    key = found["lane \\xff"]["key"]
    status, _, body = served.get(f"/results/{key}/targets.json")
    assert status == 200
    assert json.loads(body)["scan_id"] == "lane 7"


@pytest.mark.parametrize("name", ("other.html", "evil.svg", "evil.js", "evil.css", "batch.csv", "photo.png"))
def test_what_is_not_of_the_contract_is_not_served(served, name):
    key = {row["name"]: row["key"] for row in json.loads(served.get("/api/results")[2])}["good"]
    assert served.get(f"/results/{key}/{name}")[0] == 404


@pytest.mark.parametrize("name", ("targets.json", "fused.png", "report.html"))
def test_every_file_is_kept_from_running_in_the_origin_of_the_server(served, name):
    key = {row["name"]: row["key"] for row in json.loads(served.get("/api/results")[2])}["good"]
    _, headers, _ = served.get(f"/results/{key}/{name}")
    policy = headers["content-security-policy"]
    assert "sandbox" in policy
    assert "allow-same-origin" not in policy
    assert ("allow-scripts" in policy) == (name == "report.html")


HASTY = """
import sys
from pathlib import Path
import dualsense.app._server as server
from dualsense import app
server.REQUEST_S = 0.5
app.view(Path(sys.argv[1]), port=0, announce=lambda text: print(text, flush=True))
"""


def _is_closed(connection):
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True


def test_half_requests_are_not_waited_for(tmp_path, new_result):
    pytest.importorskip("uvicorn", reason="needs dualsense[app]")
    new_result(tmp_path / "lane")
    process = subprocess.Popen(
        [sys.executable, "-c", HASTY, str(tmp_path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        address = urlsplit(process.stdout.readline().split()[0])
        place = (address.hostname, address.port)
        with (
            socket.create_connection(place, 5.0) as silent,
            socket.create_connection(place, 5.0) as half,
            socket.create_connection(place, 5.0) as dripping,
        ):
            half.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1")
            assert _drips(dripping) < 5.0
            assert _is_closed(silent)
            assert _is_closed(half)
        with socket.create_connection(place, 5.0) as whole:
            whole.sendall(f"GET /api/results HTTP/1.1\r\nHost: 127.0.0.1:{address.port}\r\n\r\n".encode())
            assert whole.recv(15) == b"HTTP/1.1 200 OK"
    finally:
        process.terminate()
        process.communicate(timeout=20)


def _drips(connection):
    """Send a byte now and then until nobody takes them any more; return how long that took."""
    start = time.monotonic()
    with suppress(ConnectionError):
        while time.monotonic() - start < 6.0:
            connection.sendall(b"G")
            time.sleep(0.05)
    return time.monotonic() - start
