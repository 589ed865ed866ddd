"""A session of tuning as a Python program: what it was, and nothing that only the session knew."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dualsense._version import __version__

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

PROGRAM = '''"""A session of tuning, to be repeated: python {name} [SCAN [OUT]]; --each tells each change."""

import sys
from pathlib import Path

import dualsense as ds

SCAN = {scan}
SCAN_SHA256 = {scan_sha256}
RECIPE_SHA256 = {recipe_sha256}
VERSION = {version}  # of dualsense; with another one results may have other bytes
OPTIONS = {options}  # of the importer
START = {start}
CHANGES = {done}


def recipe_after(count):
    changes = [text for change in CHANGES[:count] for text in change]
    return ds.load_recipe(None, [*START, *changes])


def processed(path, recipe):
    with ds.io.open_recording(path, **OPTIONS) as recording:
        result = ds.chain.process_recording(recording, recipe)
    if result.scan_sha256 != SCAN_SHA256:
        sys.exit(f"{{path}}: is not the recording of this session")
    return result


def main():
    given = [word for word in sys.argv[1:] if word != "--each"]
    path = Path(given[0] if given else SCAN)
    out = Path(given[1]) if len(given) > 1 else Path(__file__).with_name("result")
    if "--each" in sys.argv:
        for count in range(len(CHANGES) + 1):
            calls = [target.call for target in processed(path, recipe_after(count)).targets]
            said = "; ".join(CHANGES[count - 1]) if count else "as it began"
            print(f"{{said}}: targets {{len(calls)}}, suspect {{calls.count('suspect')}}")
    recipe = recipe_after(len(CHANGES))
    if recipe.sha256 != RECIPE_SHA256:
        sys.exit("this version of dualsense makes another recipe of these changes")
    ds.write_outputs(processed(path, recipe), out, overwrite=True)


if __name__ == "__main__":
    main()
'''


def session_script(
    path: Path,
    scan_sha256: str,
    recipe_sha256: str,
    *,
    start: Sequence[str],
    done: Sequence[Sequence[str]],
    options: Mapping[str, Any],
    name: str = "session.py",
) -> str:
    """Write the program; every text of the session stands in it as a literal, and none as code.

    Parameters
    ----------
    path
        Of the recording.
    scan_sha256, recipe_sha256
        What the program refuses to go without.
    start, done
        Overrides that the session began with, and its changes.
    options
        Of the importer.
    name
        Of the program.

    Returns
    -------
    str
    """
    return PROGRAM.format(
        name=name,
        scan=ascii(str(path.resolve())),  # wherever it is called from
        scan_sha256=ascii(scan_sha256),
        recipe_sha256=ascii(recipe_sha256),
        version=ascii(__version__),
        options=ascii(dict(options)),
        start=_rows([ascii(text) for text in start]),
        done=_rows([ascii(tuple(change)) for change in done]),
    )


def _rows(items: Sequence[str]) -> str:
    return "[" + "".join(f"\n    {item}," for item in items) + ("\n]" if items else "]")
