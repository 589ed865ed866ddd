"""What verbs write: each with small work, and whether what lies there is whole.

The list of verbs is one for both studies of kills, `benchmarks.io.kills` and `benchmarks.io.verbs`.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from benchmarks.io.spoilt import dzt

if TYPE_CHECKING:
    from dualsense.scan import EmiData, GprData

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "sample_data"
SEED = 20261128
LISTS = ("batch.json", "batch.csv", "index.html")
"""Of a batch: written when its scans are, and told by their presence alone, for they name the place."""
JOURNALS, MAPS = ("sweep.jsonl",), "maps"
"""Of a sweep: grown line by line, and gone on with."""
PARTED = {"batch": 1, "simulate --lanes": 1, "check DIR": 1, "sweep": None, "compare --html": 0}
"""Verbs that write several outputs one after the other: which part of a file's path names the one that it belongs
to; None for those of which each file is one of its own."""


def digest(place: Path) -> dict[str, str]:
    """Hash what was written at a place, a file or a folder, by name; empty where nothing is."""
    paths = [one for one in (sorted(place.rglob("*")) if place.is_dir() else [place]) if one.is_file()]
    return {str(one.relative_to(place)): hashlib.sha256(one.read_bytes()).hexdigest() for one in paths}


def verbs(folder: Path) -> dict[str, list[str]]:
    """List the verbs that write to OUT, each with work that takes a second or less."""
    scans = folder / "scans"
    scans.mkdir()
    scan = str(_short_scan(scans / "a.h5"))
    two = folder / "two"
    two.mkdir()
    for name in "ab":
        shutil.copy(scan, two / f"{name}.h5")
    (folder / "lane.DZT").write_bytes(dzt())
    scene = folder / "scene.toml"
    scene.write_text("[motion]\nlength_m = 0.2\nwidth_m = 0.1\n")
    done = folder / "done"
    run(["process", scan, "-o", str(done), "-q"])
    result, sand = str(done), ("--preset", "sand", "--seed", "1")
    _decided(done)
    run(["calibrate", "--air", scan, "-o", str(folder / "profile.json"), "-q"])
    return {
        "process": ["process", scan, "-o", "OUT"],
        "replay": ["replay", scan, "--speed", "max", "--step", "20", "-o", "OUT"],
        "batch": ["batch", str(scans), "-o", "OUT", "--jobs", "1"],
        "evaluate": ["evaluate", str(scans), "-o", "OUT"],
        "import": ["import", str(folder / "lane.DZT"), "-o", "OUT"],
        "export": ["export", result, "-o", "OUT"],
        "compare": ["compare", result, result, "-o", "OUT.json"],
        "compare --html": ["compare", result, result, "-o", "OUT.json", "--html", "OUT.html"],
        "check": ["check", scan, "-o", "OUT"],
        "check DIR": ["check", str(two), "-o", "OUT"],
        "steps": ["steps", scan, "-o", "OUT"],
        "sweep": ["sweep", scan, "--set", "fusion.prior=0.01,0.02", "--jobs", "1", "-o", "OUT"],
        "seen": ["seen", str(SAMPLES / "pmn_sand.h5"), "--model", "PMN", "--spacing", "0.4", "-o", "OUT.json"],
        "decisions": ["decisions", result, "-o", "OUT"],
        "site": ["site", result, "-o", "OUT"],
        "calibrate": ["calibrate", "--air", scan, "-o", "OUT.json"],
        "calibrate --profile": ["calibrate", scan, "--profile", str(folder / "profile.json"), "-o", "OUT.h5"],
        "simulate": ["simulate", str(scene), "--seed", "1", "-o", "OUT"],
        "simulate --lanes": [
            "simulate",
            "--preset",
            "sand",
            "--seed",
            "1",
            "--lanes",
            "2",
            "--jobs",
            "1",
            "-o",
            "OUT",
        ],
        "simulate --write-scene": ["simulate", *sand, "--write-scene", "-o", "OUT"],
    }


def _short_scan(path: Path) -> Path:
    """Write the first third of a sample, which takes a fraction of its time."""
    from dualsense.io import read_scan, write_scan

    scan = read_scan(SAMPLES / "pmn_sand.h5")
    until_s = float(np.quantile(scan.pose.time_s, 0.35))

    def cut(data: GprData | EmiData) -> GprData | EmiData:
        keep = data.time_s < until_s
        return replace(data, time_s=data.time_s[keep], data=data.data[keep], channel=data.channel[keep])

    write_scan(replace(scan, gpr=cut(scan.gpr), emi=cut(scan.emi)), path)
    return path


def _decided(result: Path) -> None:
    """Record decisions beside a result."""
    from dualsense.app import record_decision

    document = json.loads((result / "targets.json").read_text(encoding="utf-8"))
    target = document["targets"][0]["id"]
    for n in range(40):
        given = {"entry": f"{n:016x}", "operator": "Sok", "target": target, "decision": "dig", "note": "x" * 400}
        record_decision(result, document, given)


def run(words: list[str]) -> None:
    """Run a verb to its end in a copy of this process."""
    child = copy(words)
    os.waitpid(child, 0)


def copy(words: list[str]) -> int:
    """Start a verb in a copy of this process, the leader of a group, and give its number."""
    child = os.fork()
    if child:
        return child
    status = 70
    try:
        os.setsid()
        nowhere = os.open(os.devnull, os.O_RDWR)
        for stream in range(3):
            os.dup2(nowhere, stream)
        from dualsense import cli

        status = cli.run(words)
    finally:
        os._exit(status)


def plain(home: Path) -> dict[str, str]:
    """What lies in a folder under names that are not hidden."""
    found = {}
    for name, code in digest(home).items():
        if not any(part.startswith(".") for part in Path(name).parts):
            found[name] = "there" if Path(name).name in (*LISTS, *JOURNALS) else code
    return found


def words_for(words: list[str], home: Path) -> list[str]:
    """Say where a verb is to write."""
    given = [str(home / word.replace("OUT", "out")) if word.startswith("OUT") else word for word in words]
    return [*given, "-q"]


def state(found: dict[str, str], new: dict[str, str], old: dict[str, str], verb: str) -> str:
    """Tell whether an output is whole; of a verb with several outputs each is one of its own.

    What is told by its presence may be gone, too: of a batch until its scans are there, of a sweep that begins
    anew; and a verdict, which is taken away before a sweep is judged again, for it must not outlive that.
    """
    if found in (new, old):
        return "new" if found == new else "old" if old else "absent"
    if verb.startswith("check") and not found:
        return "absent"
    if verb not in PARTED:
        return "broken"
    for part in {_part(name, verb) for name in (*found, *new, *old)}:
        own = [{n: c for n, c in every.items() if _part(n, verb) == part} for every in (found, new, old)]
        if own[0] not in own[1:] and (own[0] or not (_may_go(part) or verb.startswith("check"))):
            return "broken"
    return "in part"


def _part(name: str, verb: str) -> str:
    level, parts = PARTED[verb], Path(name).parts
    return name if level is None else parts[min(level, len(parts) - 1)]


def _may_go(part: str) -> bool:
    path = Path(part)
    return path.name in (*LISTS, *JOURNALS) or path.parent.name == MAPS
