"""How every kernel of the house is compiled: one flag set, one cache switch."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numba

if TYPE_CHECKING:
    from collections.abc import Callable

FASTMATH = frozenset({"contract", "reassoc", "arcp", "nsz"})
"""No ``nnan`` and no ``ninf``: a NaN is ground that was not assessed and has to survive arithmetic."""

CACHE = os.environ.get("DUALSENSE_NUMBA_CACHE", "1") != "0"


def jit(
    *, parallel: bool = False, checked_division: bool = True, inline: bool = False
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorate a kernel: nopython, the house's fast-math flags, cached unless DUALSENSE_NUMBA_CACHE=0.

    Where neither the code's folder nor the user's cache can be written, the kernel is compiled anew in each run.

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
        if not checked_division:
            options["error_model"] = "numpy"
        if inline:
            options["inline"] = "always"
        try:
            return numba.njit(function, cache=CACHE, **options)
        except RuntimeError:  # "no locator available": there is no place for the cache
            return numba.njit(function, cache=False, **options)

    return decorate
