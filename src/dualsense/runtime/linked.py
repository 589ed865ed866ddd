"""Links compiled code from the cache into the running program, and leaves the compiler asleep.

Numba's own way first fills in all that it would need to compile (about 0.2 s in each process) and reads a kernel's
bitcode for the names in it (up to 50 ms a kernel). To run a kernel its object code is enough: the compiler wakes
up by itself when something has to be compiled, and bitcode is read when what is compiled then calls this kernel.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from llvmlite import binding as llvm
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import compile_result
from numba.core.runtime import _nrt_python  # type: ignore[attr-defined]


class _Linked(JITCodeLibrary):
    """A kernel's object code, and its bitcode in case that another kernel takes it in."""

    def __init__(self, codegen: Any, name: str, object_code: bytes, bitcode: bytes) -> None:
        super().__init__(codegen, name)
        self._bitcode = bitcode
        self.enable_object_caching()
        self._set_compiled_object(object_code)
        self._finalize_final_module()

    def get_pointer_to_function(self, name: str) -> int:
        """Give the address of a function by its symbol; 0 where there is none."""
        if not self._codegen._engine.is_symbol_defined(name):  # noqa: SLF001 - as Numba's own library
            self._get_module_for_linking()
        address: int = super().get_pointer_to_function(name)
        return address

    def knows(self, *names: str) -> None:
        """Tell the engine of symbols that the object code is known to have."""
        self._codegen._engine._defined_symbols.update(names)  # noqa: SLF001 - which it would take from bitcode

    def _get_module_for_linking(self) -> Any:
        if self._shared_module is None:
            self._shared_module = llvm.parse_bitcode(self._bitcode)
            self._codegen._engine._load_defined_symbols(self._shared_module)  # noqa: SLF001
        return self._shared_module


@cache
def _name_runtime() -> None:
    """Tell LLVM where the functions of Numba's runtime are, which count the references to arrays."""
    for name, address in _nrt_python.c_helpers.items():
        llvm.add_symbol(name if name.startswith("_") else f"NRT_{name}", address)


def link(context: Any, payload: tuple[Any, ...]) -> Any:
    """Link what was compiled, as ``numba.core.compiler.CompileResult`` reduces itself.

    Parameters
    ----------
    context
        Numba's target.
    payload
        From the cache.

    Returns
    -------
    CompileResult
    """
    code, function, environment, signature, objectmode, lifted, source, reload, environments = payload
    for begin in reload:
        begin()
    _name_runtime()
    name, _, (object_code, bitcode) = code
    library = _Linked(context.codegen(), name, object_code, bitcode)
    library.knows(function.llvm_func_name, function.llvm_cpython_wrapper_name)
    entry = context.get_executable(library, function, environment)
    for one in environments:
        library.codegen.set_env(one.env_name, one)
    return compile_result(
        typing_context=context.typing_context,
        target_context=context,
        entry_point=entry,
        type_annotation=source,
        signature=signature,
        objectmode=objectmode,
        lifted=lifted,
        fndesc=function,
        library=library,
        environment=environment,
        reload_init=reload,
        referenced_envs=environments,
    )
