"""How every kernel of the house is compiled: one flag set, one cache switch."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from dualsense.runtime.compiled import CompiledCache
from dualsense.runtime.compiling import compilation_begins, compilation_ends
from dualsense.runtime.lean import numba
from dualsense.runtime.library import KernelCompiler

if TYPE_CHECKING:
    from collections.abc import Callable

FASTMATH = frozenset({"contract", "reassoc", "arcp", "nsz"})
"""No ``nnan`` and no ``ninf``: a NaN is ground that was not assessed and has to survive arithmetic."""

CACHE = os.environ.get("DUALSENSE_NUMBA_CACHE", "1") != "0"

KERNELS: dict[str, Any] = {}
"""Every kernel of the modules that are imported, by ``module:name``."""


def jit(
    *, parallel: bool = False, checked_division: bool = True, inline: bool = False
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorate a kernel: nopython, the house's fast-math flags, cached unless DUALSENSE_NUMBA_CACHE=0.

    Where it is kept is told in `dualsense.runtime.compiled`.

    Parameters
    ----------
    parallel
        Spread ``prange`` over threads.
    checked_division
        False lets a division by zero give inf or NaN as NumPy does, instead of raising ZeroDivisionError: the
        check is a branch, and a loop with a branch does not become vectors.
    inline
        Put the body into its callers before they are optimised: a loop around a call that is only inlined later
        does not become vectors either.

    Returns
    -------
    callable
        The decorator.
    """

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        options: dict[str, Any] = {"parallel": parallel, "fastmath": set(FASTMATH), "nogil": True}
        # always said: a kernel takes what is not said from the one whose compilation asks for it first
        options["error_model"] = "python" if checked_division else "numpy"
        if inline:
            options["inline"] = "always"
        kernel: Any = numba.njit(function, pipeline_class=KernelCompiler, **options)
        if hasattr(kernel, "enable_caching"):  # not where Numba is told not to compile
            KERNELS[f"{function.__module__}:{function.__qualname__}"] = kernel
            if CACHE:
                kernel._cache = CompiledCache(function)  # noqa: SLF001 - as its enable_caching(), with our own
        return kernel

    return decorate


class _Teller(numba.core.event.Listener):
    """Hands on that Numba compiles."""

    def on_start(self, event: Any) -> None:  # noqa: ARG002
        compilation_begins()

    def on_end(self, event: Any) -> None:  # noqa: ARG002
        compilation_ends()


numba.core.event.register("numba:compile", _Teller())
