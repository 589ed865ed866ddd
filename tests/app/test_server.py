"""The web page: what it shows, and what it must never give away."""

from __future__ import annotations

import asyncio
import http.client
import json
import re
import signal
import socket
import subprocess
import sys
import time
from urllib.parse import urlsplit

import pytest

from dualsense import app
from dualsense.app import _start
from dualsense.errors import DualsenseError, UsageError


def listing(server):
    status, _, body = server.get("/api/results")
    assert status == 200
    return {result["name"]: result for result in json.loads(body)}


def test_every_result_is_listed_and_nothing_else(server):
    found = listing(server)
    assert set(found) == {"broken", "day 2/lane_8", "lane_7"}
    lane = found["lane_7"]
    assert lane["scan_id"] == "lane 7"
    assert lane["calls"] == {"likely-clutter": 1, "suspect": 1}
    assert lane["pictures"] == ["fused.png"]
    assert "problem" in found["broken"]


@pytest.mark.parametrize(
    ("file", "kind"),
    (
        ("report.html", "text/html; charset=utf-8"),
        ("targets.json", "application/json"),
        ("fused.png", "image/png"),
    ),
)
def test_the_files_of_a_result_are_served_as_they_are(server, results_folder, file, kind):
    key = listing(server)["day 2/lane_8"]["key"]
    status, headers, body = server.get(f"/results/{key}/{file}")
    assert status == 200
    assert headers["content-type"] == kind
    assert body == (results_folder / "day 2" / "lane_8" / file).read_bytes()


@pytest.mark.parametrize(
    "path",
    (
        "/",
        "/index.js",
        "/app.css",
        "/letters.css",
        "/letters/lao.woff2",
        "/view/0123",
        "/view.js",
        "/words.json",
        "/api/results",
        "/nothing",
    ),
)
def test_every_answer_is_strict(server, path):
    _, headers, _ = server.get(path)
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert headers["referrer-policy"] == "no-referrer"
    assert not [name for name in headers if name.startswith("access-control")]
    assert "server" not in headers


def test_the_report_runs_in_an_origin_of_its_own(server):
    key = listing(server)["lane_7"]["key"]
    _, headers, _ = server.get(f"/results/{key}/report.html")
    policy = headers["content-security-policy"]
    assert "sandbox" in policy
    assert "allow-same-origin" not in policy
    assert "connect-src" not in policy
    assert "default-src 'none'" in policy


@pytest.mark.parametrize(
    "file",
    (
        "result.h5",
        "link.png",
        "..%2f..%2fbroken%2ftargets.json",
        "../broken/targets.json",
        "%2e%2e/%2e%2e/%2e%2e/etc/passwd",
        "..%5c..%5csecret.png",
        "fused.png%00.html",
        "",
        ".",
        "%2fetc%2fpasswd",
    ),
)
def test_no_name_leads_out_of_what_is_listed(server, file):
    key = listing(server)["lane_7"]["key"]
    status, _, body = server.get(f"/results/{key}/{file}")
    assert status == 404
    assert b"secret" not in body
    assert b"root:" not in body


@pytest.mark.parametrize(
    "path",
    (
        "/../../../../etc/passwd",
        "//etc/passwd",
        "/results/../../../../etc/passwd",
        "/results/lane_7/targets.json",
        "/results/.hidden/targets.json",
        "/results/linked/targets.json",
        "/static/index.html",
        "/view.html",
        "/view/../app.py",
        "/app.py",
        "/docs",
        "/openapi.json",
    ),
)
def test_other_addresses_are_not_found(server, path):
    assert server.get(path)[0] == 404


@pytest.mark.parametrize(
    "host",
    ("evil.example", "evil.example:{port}", "127.0.0.1.evil.example:{port}", "localhost:1", "", "127.0.0.1"),
)
def test_other_host_names_are_refused(server, host):
    port = urlsplit(server.url).port
    status, _, body = server.get("/api/results", host=host.format(port=port))
    assert status in {400, 421}
    assert b"lane" not in body


@pytest.mark.parametrize("host", ("localhost:{port}", "LocalHost:{port}", "127.0.0.1:{port}"))
def test_its_own_names_are_answered(server, host):
    assert server.get("/", host=host.format(port=urlsplit(server.url).port))[0] == 200


@pytest.mark.parametrize("method", ("POST", "PUT", "DELETE", "OPTIONS", "PATCH"))
def test_nothing_can_be_changed(server, method):
    assert server.get("/api/results", method=method)[0] == 405


def test_only_this_machine_is_served(server):
    address = urlsplit(server.url)
    assert address.hostname == "127.0.0.1"
    with pytest.raises(OSError, match="refused"):  # a server on every interface would answer here too
        socket.create_connection(("127.0.0.2", address.port), timeout=2).close()


def test_a_new_result_shows_without_a_restart(server, results_folder):
    late = results_folder / "late"
    late.mkdir()
    try:
        (late / "targets.json").write_text('{"scan_id": 3}', encoding="utf-8")
        assert "late" in listing(server)
    finally:
        (late / "targets.json").unlink()
        late.rmdir()
    assert "late" not in listing(server)


def serve_command(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "dualsense", "view", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_taken_port_is_one_line(server, results_folder):
    done = serve_command(str(results_folder), "--port", str(urlsplit(server.url).port))
    assert done.returncode == 2
    assert re.fullmatch(r"dualsense: error: port \d+ cannot be opened: .*\n", done.stderr)


def test_a_missing_folder_is_one_line(tmp_path):
    done = serve_command(str(tmp_path / "nowhere"))
    assert done.returncode == 2
    assert done.stderr == f"dualsense: error: {tmp_path / 'nowhere'}: no such file or folder\n"


def test_without_the_extra_the_error_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setattr(_start, "find_spec", lambda _name: None)
    with pytest.raises(UsageError, match=r"starlette and uvicorn: pip install 'dualsense\[app\]'"):
        app.view(tmp_path, port=0, announce=print)


def test_ctrl_c_ends_it(results_folder):
    process = subprocess.Popen(
        [sys.executable, "-m", "dualsense", "view", str(results_folder), "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline().startswith("http://127.0.0.1:")
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    _, complaint = process.communicate(timeout=20)
    assert process.returncode == 130
    assert complaint == "dualsense: interrupted\n"


def post(server, path, content, **headers):
    """Send what a page of the server would, or with other headers."""
    address = urlsplit(server.url)
    own = {"Origin": server.url.rstrip("/"), "Content-Type": "application/json", "Sec-Fetch-Site": "same-origin"}
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=10)
    try:
        sent = content if isinstance(content, bytes) else json.dumps(content).encode()
        sending = {name: value for name, value in (own | headers).items() if value is not None}
        connection.request("POST", path, sent, sending)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


GIVEN = {
    "entry": "0123456789abcdef",
    "operator": "Sok",
    "target": "T1",
    "decision": "dig",
    "found": None,
    "note": "",
}


@pytest.mark.parametrize(
    "headers",
    (
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": None},
        {"Sec-Fetch-Site": "cross-site"},
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/x-www-form-urlencoded"},
    ),
    ids=str,
)
def test_pages_of_others_record_nothing(server, results_folder, headers):
    key = listing(server)["day 2/lane_8"]["key"]
    names = {"_".join(name.split("-")): value for name, value in headers.items()}
    sent = {name.replace("_", "-"): value for name, value in names.items()}
    status, _ = post(server, f"/api/results/{key}/decisions", GIVEN, **sent)
    assert status in {400, 403}
    assert not (results_folder / "day 2" / "lane_8" / "decisions.jsonl").exists()


@pytest.mark.parametrize(
    "wrong",
    (
        {"target": "T9"},
        {"decision": "safe"},
        {"found": "gold"},
        {"operator": "  "},
        {"operator": "x" * 81},
        {"note": "x" * 501},
        {"entry": "../../x"},
        {"entry": None},
        {"target": "", "x_m": float("1e9"), "y_m": 0.0},
        {"decision": "left", "note": ""},
    ),
    ids=str,
)
def test_what_is_no_decision_is_refused_with_its_key(server, results_folder, wrong):
    key = listing(server)["lane_7"]["key"]
    before = (results_folder / "lane_7" / "decisions.jsonl").exists()
    status, said = post(server, f"/api/results/{key}/decisions", GIVEN | wrong)
    assert status == 400
    assert said["problem"].split(":")[0] in wrong
    assert (results_folder / "lane_7" / "decisions.jsonl").exists() == before


@pytest.mark.parametrize("content", (b"[]", b"{", b"[" * 60_000, b"{}" + b" " * 70_000), ids=len)
def test_odd_bodies_are_refused(server, content):
    key = listing(server)["lane_7"]["key"]
    assert post(server, f"/api/results/{key}/decisions", content)[0] == 400
    assert post(server, f"/api/results/{key}/image", content)[0] == 400


def test_a_decision_is_recorded_once_and_written_out(server, results_folder):
    key = listing(server)["lane_7"]["key"]
    for _ in range(2):  # as after an answer that got lost
        status, kept = post(server, f"/api/results/{key}/decisions", GIVEN | {"note": "=1+1", "found": "mine"})
        assert status == 201
    assert (kept["call"], kept["x_m"]) == ("suspect", 0.1)
    status, said = post(server, f"/api/results/{key}/decisions", GIVEN | {"note": "=1+1", "found": "metal"})
    assert status == 409
    assert "was recorded before, and this one was not" in said["problem"]
    lines = (results_folder / "lane_7" / "decisions.jsonl").read_text().splitlines()
    assert len(lines) == 1
    rows = json.loads(server.get(f"/api/results/{key}/decisions")[2])["decisions"]
    assert [(row["target"], row["found"], row["of_this_result"]) for row in rows] == [("T1", "mine", True)]
    assert listing(server)["lane_7"]["decided"] == 1
    _, headers, table = server.get(f"/results/{key}/decisions.csv")
    assert "sandbox" in headers["content-security-policy"]
    assert b",'=1+1," in table
    done = subprocess.run(
        [sys.executable, "-m", "dualsense", "decisions", str(results_folder), "--json"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert [row["result"] for row in json.loads(done.stdout)["decisions"]] == ["lane_7"]


def test_a_place_that_is_no_number_is_told_and_not_recorded(tmp_path, new_result):
    pytest.importorskip("starlette", reason="needs dualsense[app]")
    from dualsense.app._view import _recorded

    new_result(tmp_path)
    document = json.loads((tmp_path / "targets.json").read_text())
    document["targets"][0]["x_m"] = float("nan")
    with pytest.raises(DualsenseError, match=r"not recorded: targets\.json is not as it should be"):
        _recorded(tmp_path, document, GIVEN)
    assert not (tmp_path / "decisions.jsonl").exists()


def answered(app, path, query="", **headers):
    """Ask an application itself, as a server at another address would."""
    heard = []

    async def send(message):
        heard.append(message)

    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}

    scope = {
        "type": "http",
        "method": "GET",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "server": ("192.0.2.7", 8000),
        "scheme": "http",
        "http_version": "1.1",
    }
    asyncio.run(app(scope, receive, send))
    return heard[0]["status"], {name.decode(): value.decode() for name, value in heard[0]["headers"]}


def test_others_are_answered_only_with_the_token(results_folder):
    pytest.importorskip("starlette", reason="needs dualsense[app]")
    from dualsense.app._guard import Access
    from dualsense.app._view import Pages, view_app
    from dualsense.app._workshop import shop_of

    shop, single = shop_of(results_folder, None, processes=False)
    app = view_app(Pages(shop, single), Access("192.0.2.7", "secret-token"))
    host = "192.0.2.7:8000"
    assert answered(app, "/api/results", host=host)[0] == 403
    assert answered(app, "/", "token=wrong", host=host)[0] == 403
    assert answered(app, "/", "token=secret-token", host="lane.example:8000")[0] == 421
    status, headers = answered(app, "/", "token=secret-token&list=", host=host)
    assert (status, headers["location"]) == (303, "/")
    assert "HttpOnly" in headers["set-cookie"]
    assert "samesite=strict" in headers["set-cookie"].lower()
    cookie = headers["set-cookie"].split(";")[0]
    assert answered(app, "/api/results", host=host, cookie=cookie)[0] == 200
    assert answered(app, "/api/results", host=host, cookie=cookie.replace("secret", "public"))[0] == 403


def test_a_name_is_no_address_to_listen_at(results_folder):
    done = serve_command(str(results_folder), "--host", "example.org")
    assert done.returncode == 2
    assert "expected an address in numbers" in done.stderr
