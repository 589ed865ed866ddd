"""The verb ``dualsense warm-up``: compilation, paid before the first scan."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from dualsense.cli import _options as options
from dualsense.cli._console import DONE, PROGRAM, Console
from dualsense.language import say

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dualsense.runtime.warmup import Compiled


@click.command(name="warm-up")
@click.option("-j", "--jobs", type=click.IntRange(min=1), help="Processes to compile in; default one per core.")
@click.option("--list", "only_list", is_flag=True, help="List what would be compiled, and stop.")
@options.common
def warm_up(console: Console, *, jobs: int | None, only_list: bool) -> int:
    """Compile everything that processing needs, once for this installation.

    Without it the first scan takes a minute longer. What is compiled already is left as it is.
    """
    from dualsense.runtime.warmup import compile_listed, listed_signatures

    if only_list:
        listed = listed_signatures()
        console.answer("\n".join(f"{kernel}({_words(signature)})" for kernel, signature in listed))
        console.answer(f"{len(listed)} signatures of {len({kernel for kernel, _ in listed})} kernels")
        return DONE
    with console.counting() as count:

        def tell(one: Compiled, done: int, total: int) -> None:
            count(say("compiling {done} of {total}: {kernel}", done=done, total=total, kernel=one.kernel))

        found = compile_listed(jobs, tell)
    told = {"count": len(found), "anew": sum(one.anew for one in found), "place": _places(found)}
    console.report(say("{count} signatures ready, {anew} of them compiled now; {place}", **told))
    if not all(one.folder for one in found):
        console.report(
            say(
                "there is no place for what was compiled: every run of `{program}` will compile again",
                program=PROGRAM,
            )
        )
    return DONE


def _words(signature: Iterable[Any]) -> str:
    return ", ".join(part if isinstance(part, str) else json.dumps(part) for part in signature)


def _places(found: Iterable[Compiled]) -> str:
    """Say where compiled code lies: the folder that holds all of its folders."""
    import os

    folders = {one.folder for one in found if one.folder}
    return say("kept below {folder}", folder=os.path.commonpath(folders)) if folders else say("kept nowhere")
