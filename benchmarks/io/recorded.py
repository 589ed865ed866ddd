"""The viewer killed in the middle of recording decisions: no acknowledged one is lost, and no file is corrupt.

A real viewer over a real folder gets decisions from several senders at once, without a pause, and is ended by
SIGKILL after a time drawn from a seed; then a new one is started over the same folder, as many times as asked.
Each sender notes what was acknowledged. After each kill every acknowledged decision must be there once and whole,
each kill may have torn the one line it was at and no other, and the result beside them must be unchanged.

    python -m benchmarks.io.recorded --kills 100
"""

from __future__ import annotations

import argparse
import hashlib
import http.client
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np

SEED = 20261128
SENDERS = 4
LONGEST_S = 0.6
"""The kill comes up to so long after the first acknowledgement."""
LIST = {
    "scan_id": "lane",
    "scan_sha256": "0" * 64,
    "recipe_sha256": "1" * 64,
    "model": "m",
    "area_m2": 1.0,
    "coverage_fraction": 1.0,
    "targets": [{"id": "T1", "call": "suspect", "x_m": 0.1, "y_m": 0.2, "depth_m": 0.05}],
}


@dataclass
class Outcome:
    """What a number of kills came to."""

    acknowledged: int = 0
    recorded: int = 0
    lost: list[str] = field(default_factory=list)
    double: list[str] = field(default_factory=list)
    torn: int = 0
    kills: int = 0
    changed: bool = False

    @property
    def holds(self) -> bool:
        """Whether nothing acknowledged was lost, doubled or damaged; each kill may tear the line it was at."""
        return not self.lost and not self.double and not self.changed and self.torn <= self.kills


def killed_viewers(folder: Path, kills: int, rng: np.random.Generator, *, longest_s: float = LONGEST_S) -> Outcome:
    """Kill so many viewers while decisions are recorded in a folder that is made here."""
    folder.mkdir(parents=True)
    (folder / "targets.json").write_text(json.dumps(LIST))
    before = hashlib.sha256((folder / "targets.json").read_bytes()).hexdigest()
    found, acknowledged = Outcome(), []
    for _ in range(kills):
        acknowledged += _one_viewer(folder, float(rng.uniform(0.0, longest_s)), rng)
        found.kills += 1
        _compare(folder, acknowledged, found)
    found.changed = hashlib.sha256((folder / "targets.json").read_bytes()).hexdigest() != before
    return found


def _one_viewer(folder: Path, after_s: float, rng: np.random.Generator) -> list[str]:
    """Start a viewer, let it record, kill it; the names of all decisions that it acknowledged."""
    command = [sys.executable, "-m", "dualsense", "view", str(folder), "--port", "0", "--no-process"]
    viewer = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert viewer.stdout is not None
    url = viewer.stdout.readline().split()[0]
    with_key = json.loads(_ask(url, "GET", "/api/results"))[0]["key"]
    acknowledged: list[str] = []
    first = threading.Event()
    senders = [
        threading.Thread(target=_send, args=(url, with_key, f"{rng.integers(2**63):016x}", acknowledged, first))
        for _ in range(SENDERS)
    ]
    for sender in senders:
        sender.start()
    first.wait(60.0)
    time.sleep(after_s)
    viewer.send_signal(signal.SIGKILL)
    viewer.wait()
    viewer.stdout.close()
    for sender in senders:
        sender.join()
    return acknowledged


def _send(url: str, key: str, name: str, acknowledged: list[str], first: threading.Event) -> None:
    number = 0
    while True:
        entry = f"{name}{number:08x}"
        given = {"entry": entry, "operator": "Sok", "target": "T1", "decision": "dig", "note": "x" * 400}
        try:
            _ask(url, "POST", f"/api/results/{key}/decisions", given)
        except (OSError, http.client.HTTPException):
            return
        acknowledged.append(entry)
        first.set()
        number += 1


def _ask(url: str, method: str, path: str, given: object = None) -> bytes:
    address = urlsplit(url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=30)
    try:
        own = {"Origin": url.rstrip("/"), "Content-Type": "application/json"}
        connection.request(method, path, None if given is None else json.dumps(given).encode(), own)
        answer = connection.getresponse()
        content = answer.read()
        if answer.status not in {200, 201}:
            msg = f"{answer.status}: {content[:200]!r}"
            raise ValueError(msg)
        return content
    finally:
        connection.close()


def _compare(folder: Path, acknowledged: list[str], found: Outcome) -> None:
    from dualsense.app import read_decisions

    rows, found.torn = read_decisions(folder, LIST)
    names = [row["entry"] for row in rows]
    held = set(names)
    found.acknowledged, found.recorded = len(acknowledged), len(names)
    found.lost = [name for name in acknowledged if name not in held]
    found.double = sorted({name for name in held if names.count(name) > 1}) if len(held) < len(names) else []


def main() -> int:
    """Kill, and say what came of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=SEED)
    given = parser.parse_args()
    os.environ["PYTHONUNBUFFERED"] = "1"
    with tempfile.TemporaryDirectory() as place:
        found = killed_viewers(Path(place, "lane"), given.kills, np.random.default_rng(given.seed))
    print(
        f"{found.kills} kills: {found.acknowledged} decisions acknowledged, {found.recorded} recorded, "
        f"{len(found.lost)} lost, {len(found.double)} double, {found.torn} torn lines, "
        f"result {'CHANGED' if found.changed else 'unchanged'}"
    )
    return 0 if found.holds else 1


if __name__ == "__main__":
    sys.exit(main())
