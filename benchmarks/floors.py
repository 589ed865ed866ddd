"""Tells the oldest versions that `pyproject.toml` admits, as a file of requirements.

    python -m benchmarks.floors [EXTRA ...] > floors.txt      of the package, and of extras

`make oldest` installs exactly these and runs tests with them. Needs nothing that is not Python's own.
"""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

FILE = Path(__file__).resolve().parents[1] / "pyproject.toml"
FLOOR = re.compile(r"([A-Za-z0-9][\w.-]*)\s*>=\s*([\w.]+)")


def floors(extras: list[str]) -> list[str]:
    """Give name==version of each requirement of the package and of extras; raise ValueError for one without."""
    project = tomllib.loads(FILE.read_text(encoding="utf-8"))["project"]
    found: dict[str, str] = {}
    for requirement in [
        *project["dependencies"],
        *(r for e in extras for r in project["optional-dependencies"][e]),
    ]:
        floor = FLOOR.match(requirement)
        if floor is None:
            msg = f"{requirement} has no oldest version"
            raise ValueError(msg)
        found[floor[1]] = floor[2]
    return [f"{name}=={version}" for name, version in sorted(found.items())]


if __name__ == "__main__":
    print("\n".join(floors(sys.argv[1:])))
