"""The engineer's verbs: how two results differ, and what each step of the chain does."""

from __future__ import annotations

import math
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
@click.option("--within", "within_m", type=options.FloatRange(min=0.0, min_open=True), default=0.10,
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


def _place(_ctx: click.Context, _option: click.Parameter, text: str | None) -> tuple[float, float] | None:
    if text is None:
        return None
    try:
        x_m, y_m = (float(part) for part in text.split(","))
        if not (math.isfinite(x_m) and math.isfinite(y_m)):
            raise ValueError  # noqa: TRY301 - said in the same words
    except ValueError:
        msg = f"expected X,Y in metres, such as 0.3,0.2, got {text!r}"
        raise click.BadParameter(msg) from None
    return x_m, y_m


@click.command()
@click.argument("scan", type=options.FILE)
@options.out
@click.option("--at", "at_m", callback=_place, metavar="X,Y",
              help="Place to look at, in metres; the first target's by default.")  # fmt: skip
@click.option("--depth", "depth_m", type=options.FloatRange(min=0.0, max=3.0), metavar="M",
              help="Depth of the slices, in metres; the first target's by default.")  # fmt: skip
@options.recipe
@options.foreign
@options.overwrite
@options.threads
@options.isolated
@options.common
def steps(
    console: Console,
    *,
    scan: Path,
    out: Path,
    at_m: tuple[float, float] | None,
    depth_m: float | None,
    recipe_file: Path | None,
    overrides: tuple[str, ...],
    pairs: tuple[str, ...],
    overwrite: bool,
) -> int:
    """Show what each step of the chain does to SCAN: a page of pictures, and arrays.

    Each step with the data after it, what it took away, one sounding, its spectrum and a slice: steps.html and
    steps.npz in OUT. SCAN is processed in one piece.
    """
    recipe = options.load_recipe(recipe_file, overrides)
    given = options.foreign_keywords(pairs)
    for name in ("steps.html", "steps.npz"):
        options.refuse_existing(out / name, overwrite=overwrite)
    console.subject = str(scan)
    from dualsense.io import import_scan
    from dualsense.language import say
    from dualsense.workbench import look_inside, write_steps

    with console.progress() as progress:
        found = look_inside(import_scan(scan, **given), recipe, at_m=at_m, depth_m=depth_m, progress=progress)
        console.subject = str(out)
        page, arrays = write_steps(found, out, overwrite=overwrite)
    console.report(say("wrote {page} and {arrays}", page=page, arrays=arrays))
    return DONE


@click.command()
@click.argument("scans", type=options.FILE, nargs=-1, required=True, metavar="DIR|SCANS...")
@options.out
@click.option("--set", "changes", multiple=True, required=True, metavar="KEY=A,B,C",
              help="Values of a key of the recipe; every combination is tried.")  # fmt: skip
@click.option("--metric", "metrics", multiple=True, metavar="NAME",
              help="What settings are judged by, such as detection_rate or focus; may be repeated.")  # fmt: skip
@click.option("--search", "trials", type=click.IntRange(1, 10_000), metavar="N",
              help="Try N settings, chosen by those before them; KEY=LOW..HIGH[:log] is a range.")  # fmt: skip
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), default=0, show_default=True, help="Of --search.")
@click.option("--recipe", "recipe_file", type=options.FILE, help="TOML recipe that all settings start from.")
@click.option("--jobs", type=click.IntRange(min=1), help="Scans at a time; one per core by default.")
@click.option("--overwrite", is_flag=True, help="Begin anew what is there already, instead of going on with it.")
@options.common
def sweep(
    console: Console,
    *,
    scans: tuple[Path, ...],
    out: Path,
    changes: tuple[str, ...],
    metrics: tuple[str, ...],
    trials: int | None,
    seed: int,
    recipe_file: Path | None,
    jobs: int | None,
    overwrite: bool,
) -> int:
    """Process scans with every combination of values of a recipe's keys, or search for the best.

    OUT gets sweep.csv, sweep.json and sweep.html, with one row and one picture for each setting. A sweep that was
    stopped goes on where it was when it is asked for again. Exit status 1 when any scan could not be processed.
    """
    from dualsense.language import say
    from dualsense.workbench import (
        METRICS,
        begin_anew,
        find_sweep_scans,
        plan_search,
        plan_sweep,
        run_search,
        run_sweep,
        write_sweep,
    )

    for name in metrics:
        if name not in METRICS:
            msg = f"--metric {name}: expected one of {', '.join(METRICS)}"
            raise UsageError(msg)
    found = find_sweep_scans(scans)
    if trials is None:
        grid = plan_sweep(found, changes, recipe_file)
    else:
        search = plan_search(found, changes, metrics, trials, seed=seed, recipe_file=recipe_file)
    console.subject = str(out)
    if overwrite:
        begin_anew(out)
    with console.progress() as progress:
        if trials is None:
            plan, rows, best = grid, run_sweep(grid, out, jobs=jobs, progress=progress), None
        else:
            plan, rows, best = run_search(search, out, jobs=jobs, progress=progress)
    write_sweep(plan, rows, out, metrics, best=best)
    if best is not None:
        console.report("\n".join(f"best: setting {number + 1}, {plan.keys_of(number)}" for number in best))
    failed = [row["error"] for row in rows if row["error"]]
    for error in failed:
        click.echo(f"dualsense: error: {error}", err=True)
    told = {"table": out / "sweep.csv", "count": len(plan.settings)}
    console.report(say("wrote {table}, sweep.json and sweep.html; settings: {count}", **told))
    return FAILED if failed else DONE


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
