"""Where compiled code is kept, and what it hangs on.

It is kept beside the code (``__pycache__``). Where that folder cannot be written, as in an installation of the
system's, what was compiled there at installation is still read, and what is missing goes to the user's cache.
Where neither can be written, kernels are compiled anew in each run.
"""

from __future__ import annotations

import hashlib
import logging
import os
import sys
from functools import cache, cached_property
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from dualsense.runtime.lean import AppDirs, caching, numba

if TYPE_CHECKING:
    from collections.abc import Callable

PACKAGE = "dualsense"

logger = logging.getLogger(__name__)


@cache
def _writable(folder: str) -> bool:
    """Whether a folder of the cache can be written; it is made where it is not there, and asked once."""
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
        probe = Path(folder) / f"probe-{os.getpid()}"
        probe.touch()
        probe.unlink()
    except OSError:
        return False
    return True


@cache
def _stamp(path: str, module: str) -> bytes:
    """Hash what a module's compiled code hangs on: its file, and those of the house that it takes functions from.

    Numba itself looks at the module's own file only, and would go on with an old callee inlined into its caller.
    """
    held = vars(sys.modules[module]).values() if module in sys.modules else ()
    homes = {one.__name__ if isinstance(one, ModuleType) else getattr(one, "__module__", None) for one in held}
    others = sorted(
        home for home in homes - {module, __name__} if isinstance(home, str) and home.partition(".")[0] == PACKAGE
    )
    digest = hashlib.sha256(Path(path).read_bytes())
    for home in others:
        source = getattr(sys.modules.get(home), "__file__", None)
        if source is not None:
            digest.update(_stamp(source, home))
    return digest.digest()


class _Place:
    """Where a function's compiled code is kept: as Numba asks for it, see ``numba.core.caching.CacheImpl``."""

    def __init__(self, function: Callable[..., Any], path: str, folder: str, *, read_only: bool = False) -> None:
        self._function, self._py_file, self._folder = (
            function,
            path,
            folder,
        )  # Numba names the second in its warnings
        self.read_only = read_only

    @classmethod
    def from_function(cls, function: Callable[..., Any], path: str) -> _Place | None:
        """Find the first folder that will do; None where there is none."""
        beside, room = str(Path(path).parent / "__pycache__"), _room(path)
        given = numba.config.CACHE_DIR  # type: ignore[attr-defined]
        for folder in (str(Path(given) / room),) if given else (beside, str(Path(_users_cache()) / room)):
            if _writable(folder):
                return cls(function, path, folder)
        return cls(function, path, beside, read_only=True) if Path(beside).is_dir() and not given else None

    def installed(self) -> _Place | None:
        """Give the folder beside the code where it can only be read."""
        beside = str(Path(self._py_file).parent / "__pycache__")
        elsewhere = self._folder != beside and not numba.config.CACHE_DIR  # type: ignore[attr-defined]
        return _Place(self._function, self._py_file, beside, read_only=True) if elsewhere else None

    def ensure_cache_path(self) -> None:
        """Nothing: the folder was looked at when it was found."""

    def get_cache_path(self) -> str:
        """Give the folder."""
        return self._folder

    def get_source_stamp(self) -> bytes:
        """Give what has to be the same for the code to be used."""
        return _stamp(self._py_file, self._function.__module__)

    def get_disambiguator(self) -> str:
        """Tell functions of one name apart."""
        return str(self._function.__code__.co_firstlineno)


def _room(path: str) -> str:
    """Name a folder of the code within a cache that is shared by all."""
    parent = Path(path).absolute().parent
    return f"{parent.name}_{hashlib.sha256(str(parent).encode()).hexdigest()[:40]}"


@cache
def _users_cache() -> str:
    return str(AppDirs(appname=PACKAGE, appauthor=False).user_cache_dir)


class _Kept(caching.CompileResultCacheImpl):
    _locator_classes: list[type[object]] = [_Place]  # noqa: RUF012 - as Numba has it

    def reduce(self, compiled: Any) -> tuple[Any, ...]:
        """Write what was compiled, without its source and the environments that its code does not ask for."""
        whole = super().reduce(compiled)
        try:
            *parts, _source, reload, environments = whole
            text = str(compiled.library._final_module)  # noqa: SLF001 - where Numba looks for the environments too
            asked = tuple(one for one in environments if text.count(one.env_name) > 1)  # declared, and used
        except (AttributeError, TypeError, ValueError):  # another Numba, with other insides
            return tuple(whole)
        return (*parts, "", reload, asked)

    def rebuild(self, context: Any, payload: tuple[Any, ...]) -> Any:
        """Bring it back, by the short way where this Numba has the insides that it takes."""
        try:
            from dualsense.runtime.linked import link  # noqa: PLC0415 - of those insides

            return link(context, payload)
        except (ImportError, AttributeError, TypeError, ValueError) as error:
            logger.info("compiled code is linked by Numba's own way", exc_info=error)
            context.refresh()  # where the functions are that such code calls
            return super().rebuild(context, payload)


class _Files(caching.FunctionCache):
    """What was compiled of a function. A full disk or half a file after a loss of power costs only time."""

    _impl_class = _Kept

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__(function)
        self._place: _Place = self._impl.locator
        installed = self._place.installed()
        self._files = [self._cache_file]
        if installed is not None:
            folder, stamp = installed.get_cache_path(), installed.get_source_stamp()
            self._files.append(caching.IndexDataCacheFile(folder, self._impl.filename_base, stamp))

    def load_overload(self, signature: Any, context: Any) -> Any:
        """Bring back what was compiled for a signature; None where nothing was."""
        key = self._index_key(signature, context.codegen())
        for file in self._files:
            try:
                data = file.load(key)
                if data is not None:
                    return self._impl.rebuild(context, data)
            except Exception as error:  # whatever unpickling makes of half a file
                logger.info("%s: what is kept of it cannot be read", self._name, exc_info=error)
        return None

    def _save_overload(self, signature: Any, compiled: Any) -> None:
        if self._place.read_only:
            return
        try:
            super()._save_overload(signature, compiled)
        except OSError as error:
            logger.info("%s: cannot be kept", self._name, exc_info=error)
        except EOFError:  # the index is half a file
            self.flush()
            super()._save_overload(signature, compiled)


class CompiledCache:
    """What was compiled of a function, as a dispatcher of Numba asks for it; looked for when that is called first.

    Most kernels are called by others, which hold their code: of those no file is looked for.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function

    @cached_property
    def _kept(self) -> Any:
        try:
            return _Files(self._function)
        except RuntimeError:  # "no locator available": there is no place for it
            logger.info("%s: compiled code cannot be kept", self._function.__qualname__)
            return caching.NullCache()

    @property
    def cache_path(self) -> str | None:
        """Give the folder; None where there is none."""
        folder: str | None = self._kept.cache_path
        return folder

    def load_overload(self, signature: Any, context: Any) -> Any:
        """Bring back what was compiled for a signature; None where nothing was."""
        return self._kept.load_overload(signature, context)

    def save_overload(self, signature: Any, compiled: Any) -> None:
        """Keep what was compiled for a signature."""
        self._kept.save_overload(signature, compiled)

    def flush(self) -> None:
        """Forget all that is kept."""
        self._kept.flush()
