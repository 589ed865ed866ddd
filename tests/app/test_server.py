"""The web page: what it shows, and what it must never give away."""

from __future__ import annotations

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
from dualsense.app import _serve
from dualsense.errors import UsageError


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


@pytest.mark.parametrize("path", ("/", "/app.js", "/app.css", "/api/results", "/nothing"))
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
        [sys.executable, "-m", "dualsense", "serve", *arguments],
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
    assert done.stderr == f"dualsense: error: {tmp_path / 'nowhere'}: no such folder\n"


def test_without_the_extra_the_error_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setattr(_serve, "find_spec", lambda _name: None)
    with pytest.raises(UsageError, match=r"starlette and uvicorn: pip install 'dualsense\[app\]'"):
        app.serve(tmp_path, port=0, announce=print)


def test_ctrl_c_ends_it(results_folder):
    process = subprocess.Popen(
        [sys.executable, "-m", "dualsense", "serve", str(results_folder), "--port", "0"],
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


@pytest.mark.browser
def test_the_page_shows_a_result_and_asks_only_this_machine(server, page):
    asked, said = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(server.url)
    page.get_by_role("button", name="lane_7").click()
    page.get_by_role("heading", name="lane_7").wait_for()
    assert page.locator("#targets tr").count() == 2
    assert page.locator("#targets tr").first.locator("td").all_inner_texts()[:6] == [
        "T1",
        "suspect",
        "0.10",
        "0.20",
        "–",
        "0.50",
    ]
    assert "99 %" in page.locator("#facts").inner_text()  # 99.9 % is not all of it
    page.locator("#pictures img").first.scroll_into_view_if_needed()
    page.wait_for_function("document.querySelector('#pictures img').naturalWidth === 1")
    assert {urlsplit(url).hostname for url in asked} == {"127.0.0.1"}
    assert said == []


@pytest.mark.browser
def test_text_from_a_scan_stays_text(server, page):
    page.goto(server.url)
    page.get_by_role("button", name="lane_8").click()
    page.get_by_role("heading", name="lane_8").wait_for()
    page.get_by_role("button", name="lane_7").click()
    page.get_by_text("onerror").first.wait_for()
    assert page.locator("img[src='x']").count() == 0
    assert page.title() == "dualsense results"


@pytest.mark.browser
def test_the_report_opens_from_the_page(server, page):
    page.goto(server.url)
    page.get_by_role("button", name="lane_7").click()
    with page.expect_popup() as opened:
        page.get_by_role("link", name="Open the report").click()
    opened.value.wait_for_load_state()
    assert opened.value.title() == "report"
