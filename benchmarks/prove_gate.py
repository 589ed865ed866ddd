"""Shows that the gate says no to a change that is slower and to one that finds less, and yes to none at all.

    python -m benchmarks.prove_gate [--pairs 15]

Each case is a worktree of HEAD with one small change to a file, in which `python -m benchmarks.gate --base HEAD`
runs. Exit status 1 when a case is judged wrongly.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from benchmarks import gate, processes, rule

ROOT = processes.ROOT

BUSY = """
def _slowed(stage):
    def slow(state, tables):
        from time import thread_time
        began = thread_time()
        found = stage(state, tables)
        until = thread_time() + 0.3 * (thread_time() - began)
        while thread_time() < until:
            pass
        return found
    return slow

"""


@dataclass(frozen=True)
class Case:
    """A change: texts of a file and what stands there instead; and whether the gate should say no."""

    name: str
    file: str
    swaps: tuple[tuple[str, str], ...]
    wrong: bool
    only: str


CASES = (
    Case("no change", "src/dualsense/chain/metal.py", (), wrong=False, only="timing"),
    Case(
        "a step that takes 30 % longer",
        "src/dualsense/chain/metal.py",
        (
            ("\nSAMPLING:", BUSY + "\nSAMPLING:"),
            ('"latency", correct_latency,', '"latency", _slowed(correct_latency),'),
        ),
        wrong=True,
        only="timing",
    ),
    Case(
        "a threshold that is too high",
        "src/dualsense/chain/targets.py",
        (("suspect_threshold=tables.suspect_threshold", "suspect_threshold=0.8"),),
        wrong=True,
        only="detection",
    ),
)


def judge(case: Case, pairs: int) -> bool:
    """Run the gate in a worktree with the change; give whether it said no."""
    with tempfile.TemporaryDirectory() as place:
        tree = Path(place) / "tree"
        subprocess.run(
            ["git", "-C", str(ROOT), "worktree", "add", "--detach", "-q", str(tree), "HEAD"], check=True
        )
        try:
            gate.share_compiled(ROOT, tree)
            path = tree / case.file
            text = path.read_text(encoding="utf-8")
            for old, new in case.swaps:
                if text.count(old) != 1:
                    msg = f"{case.file} holds {old!r} {text.count(old)} times: the case has to follow the code"
                    raise RuntimeError(msg)
                text = text.replace(old, new)
            path.write_text(text, encoding="utf-8")
            words = [sys.executable, "-m", "benchmarks.gate", "--base", "HEAD", "--pairs", str(pairs)]
            done = subprocess.run(
                [*words, "--only", case.only],
                cwd=tree,
                env=processes.environment(tree / "src"),
                check=False,
            )
        finally:
            subprocess.run(["git", "-C", str(ROOT), "worktree", "remove", "--force", str(tree)], check=True)
    return done.returncode == 1


def main() -> int:
    """Judge all cases."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.prove_gate", description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=rule.PAIRS)
    parser.add_argument("case", nargs="?", default="", help="only cases whose name holds this")
    options = parser.parse_args()
    wrongly = []
    for case in CASES:
        if options.case not in case.name:
            continue
        print(f"== {case.name}", flush=True)
        refused = judge(case, options.pairs)
        right = refused == case.wrong
        print(f"-- {'refused' if refused else 'let in'}: {'right' if right else 'WRONG'}", flush=True)
        wrongly += [] if right else [case.name]
    return 1 if wrongly else 0


if __name__ == "__main__":
    sys.exit(main())
