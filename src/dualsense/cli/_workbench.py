"""The engineer's verbs: how two results differ, and what each step of the chain does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from dualsense.cli import _options as options
from dualsense.cli._console import DONE, FAILED, Console
from dualsense.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from dualsense.result import Result
    from dualsense.scan import Truth


@click.command()
@click.argument("result_a", type=options.FILE)
@click.argument("result_b", type=options.FILE)
@click.option("-o", "--out", type=options.FILE, metavar="FILE.json", help="File for the comparison as JSON.")
@click.option("--html", type=options.FILE, metavar="FILE.html",
              help="Page with both images and their difference.")  # fmt: skip
@click.option("--within", "within_m", type=click.FloatRange(min=0.0, min_open=True), default=0.10,
              show_default=True, help="How far apart two targets may lie and be one, in metres.")  # fmt: skip
@click.option("--truth", "truths", type=options.FILE, multiple=True, metavar="SCAN.h5",
              help="Scan with truth that a result is of, for detection figures; may be repeated.")  # fmt: skip
@click.option("--fail-on-difference", is_flag=True,
              help="Exit status 1 where targets, images, coverage or faults differ.")  # fmt: skip
@options.overwrite
@options.as_json
@options.isolated
@options.common
def compare(
    console: Console,
    *,
    result_a: Path,
    result_b: Path,
    out: Path | None,
    html: Path | None,
    within_m: float,
    truths: tuple[Path, ...],
    fail_on_difference: bool,
    overwrite: bool,
    as_json: bool,
) -> int:
    """Put two results beside each other: recipes, versions, images, targets, coverage, faults, figures.

    RESULT_A and RESULT_B are folders that `process` made, or their result.h5. The exit status is 0 whether or not
    they differ, but for --fail-on-difference.
    """
    for path in (out, html):
        if path is not None:
            options.refuse_existing(path, overwrite=overwrite)
    from dualsense.workbench import compare_results, comparison_html, comparison_json, comparison_text

    a, b = (_result(console, path) for path in (result_a, result_b))
    comparison = compare_results(a, b, within_m=within_m, truths=_truths(console, truths, (a, b)))
    if out is not None:
        _write(console, out, comparison_json(comparison))
    if html is not None:
        _write(console, html, comparison_html(comparison, a, b))
    if as_json:
        console.answer(comparison_json(comparison).rstrip("\n"))
    else:
        console.report(comparison_text(comparison))
    return FAILED if fail_on_difference and comparison.differing else DONE


def _result(console: Console, path: Path) -> Result:
    from dualsense.render import read_result

    console.subject = str(path)
    return read_result(path / "result.h5" if path.is_dir() else path)


def _truths(console: Console, paths: tuple[Path, ...], results: tuple[Result, ...]) -> dict[str, Truth]:
    """Read the truths of the scans that results are of.

    Raises
    ------
    UsageError
        A file holds none, or is of another scan.
    """
    found = {}
    for path in paths:
        from dualsense.io import read_scan

        console.subject = str(path)
        scan = read_scan(path)
        if scan.truth is None:
            msg = f"{path}: holds no /truth"
            raise UsageError(msg)
        if all(scan.sha256 != one.scan_sha256 for one in results):
            msg = f"{path}: neither result is of this scan"
            raise UsageError(msg)
        found[scan.sha256] = scan.truth
    return found


def _write(console: Console, path: Path, text: str) -> None:
    from dualsense.runtime.files import whole_file

    console.subject = str(path)
    with whole_file(path) as stream:
        stream.write(text.encode("utf-8"))
