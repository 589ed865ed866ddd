"""Compiles, ahead of the first scan, every kernel for every signature that the program uses.

Which these are is listed in ``kernels.json`` beside this module, first those of two sample scans, then those of
all else that can be asked: kernel by ``module:name``, then each of its signatures. A type is text (``float64``,
``complex64[:, ::1]``), a tuple a list of types, a named tuple an object with its class and its types.
`benchmarks/signatures.py` makes the list, and a test holds it against what processing the samples uses.
"""

from __future__ import annotations

import importlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numba
from numba.core import types

from dualsense.errors import DualsenseError, UsageError
from dualsense.runtime.jit import CACHE, KERNELS
from dualsense.runtime.workers import run_tasks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

LIST = Path(__file__).with_name("kernels.json")
READ_ONLY = "read-only "


@dataclass(frozen=True, slots=True)
class Compiled:
    """A kernel that is ready for one signature.

    Attributes
    ----------
    kernel, signature
        As in the list.
    anew
        Whether it was compiled just now; otherwise it was in the cache.
    folder
        Where it is kept; empty where it cannot be.
    """

    kernel: str
    signature: tuple[Any, ...]
    anew: bool
    folder: str


def listed_signatures() -> tuple[tuple[str, tuple[Any, ...]], ...]:
    """Read which kernels the program uses with which signatures.

    Returns
    -------
    tuple of (str, tuple)
        Kernel and types of its arguments as they are written in the list.
    """
    parts: dict[str, dict[str, list[list[Any]]]] = json.loads(LIST.read_text(encoding="utf-8"))
    return tuple(
        (kernel, tuple(one))
        for part in parts.values()
        for kernel, signatures in part.items()
        for one in signatures
    )


def write_type(kind: Any) -> Any:
    """Write a type of Numba as the list has it.

    Parameters
    ----------
    kind
        Such as ``numba.types.float64``.

    Returns
    -------
    str, list or dict

    Raises
    ------
    TypeError
        For a type that the list has no words for.
    """
    if isinstance(kind, types.Array):
        colons = [":"] * kind.ndim
        if kind.layout != "A":
            colons[-1 if kind.layout == "C" else 0] = "::1"
        text = f"{write_type(kind.dtype)}[{', '.join(colons)}]"
        return text if kind.mutable else READ_ONLY + text
    if isinstance(kind, types.BaseTuple):
        inner: Any = kind
        parts, home = [write_type(part) for part in inner], getattr(kind, "instance_class", None)
        return parts if home is None else {"class": f"{home.__module__}:{home.__qualname__}", "types": parts}
    if isinstance(kind, types.Omitted):
        return {"omitted": kind.value}
    if isinstance(kind, (types.Number, types.Boolean, types.NoneType)):
        return str(kind)
    msg = f"the list has no words for the type {kind}"
    raise TypeError(msg)


def read_type(text: Any) -> Any:
    """Give the type of Numba that the list means: the other way round than `write_type`.

    Parameters
    ----------
    text
        As in the list.

    Returns
    -------
    numba.types.Type
    """
    if isinstance(text, list):
        return types.BaseTuple.from_types([read_type(part) for part in text])
    if isinstance(text, dict) and "omitted" in text:
        return types.Omitted(text["omitted"])
    if isinstance(text, dict):
        module, _, name = text["class"].partition(":")
        kind = getattr(importlib.import_module(module), name)
        return types.BaseTuple.from_types([read_type(part) for part in text["types"]], kind)
    if not text.endswith("]"):
        return {"bool": types.boolean, "none": types.none}.get(text) or getattr(types, text)
    dtype, _, colons = text.removeprefix(READ_ONLY).rstrip("]").partition("[")
    dimensions = [part.strip() for part in colons.split(",")]
    layout: Literal["C", "F", "A"] = "C" if dimensions[-1] == "::1" else "F" if dimensions[0] == "::1" else "A"
    return types.Array(read_type(dtype), len(dimensions), layout, readonly=text.startswith(READ_ONLY))


def compile_listed(
    jobs: int | None = None, progress: Callable[[Compiled, int, int], None] | None = None
) -> tuple[Compiled, ...]:
    """Compile all that is listed, or load it where it is in the cache.

    Parameters
    ----------
    jobs
        Processes to compile in; one per core by default.
    progress
        Told of each signature that is ready, how many are, and how many there are.

    Returns
    -------
    tuple of Compiled

    Raises
    ------
    UsageError
        Where compilation or the cache is switched off: nothing would be left of the work.
    DualsenseError
        When a kernel cannot be compiled.
    """
    if numba.config.DISABLE_JIT or not CACHE:  # type: ignore[attr-defined]
        switch = "NUMBA_DISABLE_JIT=1" if CACHE else "DUALSENSE_NUMBA_CACHE=0"
        msg = f"{switch} is set: there is nothing to warm up"
        raise UsageError(msg)
    tasks = listed_signatures()
    total = len(tasks)
    done: list[Compiled] = []
    for (kernel, _), answer in run_tasks(tasks, compile_one, workers=jobs or os.cpu_count() or 1, threads=1):
        if not isinstance(answer, Compiled):
            raise _broken(kernel, answer)
        done.append(answer)
        if progress is not None:
            progress(answer, len(done), total)
    return tuple(done)


def _broken(kernel: str, cause: object) -> DualsenseError:
    return DualsenseError(f"{kernel}: cannot be compiled: {cause}")


def compile_one(task: tuple[str, tuple[Any, ...]]) -> Compiled | str:
    """Compile a kernel for a signature, in a worker process.

    Parameters
    ----------
    task
        Kernel and signature as in the list.

    Returns
    -------
    Compiled or str
        What went wrong as text.
    """
    name, signature = task
    try:
        importlib.import_module(name.partition(":")[0])
        kernel = KERNELS[name]
        kinds = tuple(read_type(part) for part in signature)
        kernel.compile(kinds)
    except Exception as error:  # noqa: BLE001 - a worker answers, and its parent tells
        return f"{type(error).__name__}: {error}"
    stats = kernel.stats
    return Compiled(name, signature, anew=kinds not in stats.cache_hits, folder=stats.cache_path or "")


def used_signatures(kernels: Iterable[str] | None = None) -> dict[str, list[list[Any]]]:
    """Write the signatures that kernels have been called with, or loaded for, in this process.

    Parameters
    ----------
    kernels
        By name; all that are imported by default.

    Returns
    -------
    dict
        As the list has it, sorted.
    """
    found: dict[str, list[list[Any]]] = {}
    for name in sorted(KERNELS if kernels is None else kernels):
        every = [[write_type(kind) for kind in signature] for signature in KERNELS[name].signatures]
        if every:
            found[name] = sorted(every, key=json.dumps)
    return found
