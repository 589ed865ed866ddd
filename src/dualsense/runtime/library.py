"""Compiles a kernel so that its code stands for itself, whatever else was compiled, and when.

In Numba's own way a kernel's code has copies of the functions that it calls, each optimised once more where it is
called, and all under one name, of which a process takes the first that it meets. So a kernel that was just
compiled ran the functions as they had been compiled on their own a moment before; the same kernel from the cache
ran its own copies, or those of another kernel that was loaded earlier. With fast math each has another last bit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llvmlite import binding as llvm

from dualsense.runtime.lean import numba

if TYPE_CHECKING:
    from collections.abc import Callable

COUNTING = "NRT_"
"""Functions that count references keep their names, by which Numba finds those that cancel."""

TAKEN_IN = (llvm.Linkage.linkonce_odr, llvm.Linkage.weak_odr)
"""How Numba marks what was linked in: functions that are called, and what is spread over threads."""


class _Library(numba.core.codegen.JITCodeLibrary):
    """A kernel's code, which keeps its copies of what it calls to itself."""

    def _optimize_final_module(self) -> None:
        """Take the names from what was linked in, then optimise."""
        for function in self._final_module.functions:
            if function.is_declaration or function.name.startswith(COUNTING):
                continue
            if function.linkage in TAKEN_IN:
                # not merely internal: LLVM's loader still finds that by its name, from other code
                function.linkage = llvm.Linkage.private
        super()._optimize_final_module()


class KernelCompiler(numba.core.compiler.Compiler):
    """Numba's compiler, which puts a kernel's code in a library of ours."""

    def compile_extra(self, func: Callable[..., Any]) -> Any:
        """Compile a function of Python."""
        self.state.library = _Library(self.state.targetctx.codegen(), func.__qualname__)
        self.state.library.enable_object_caching()
        return super().compile_extra(func)
