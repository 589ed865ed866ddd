"""What steps gave for what: a small cache that is keyed by content, so that nothing in it can be out of date."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

MOST_BESIDE = 4
"""Tables beside states: of either sensor as it is, and as it was before."""


class StepCache:
    """States after steps, the least recently used thrown away first.

    A key is the hash of all that a state was made from: the sensor's samples and track, and the name and the
    parameters of every step before. Equal keys are equal states, whatever scan or recipe they came from. What is
    kept is shared, not copied: states are frozen, and steps never change their input. Who writes into an array of
    a scan that was processed, or of a kept state, writes into the cache; the pictures of a result are its own.
    Threads may share it: the two sensors of a scan do.

    Parameters
    ----------
    max_states
        Kept at most; a state of a square metre takes tens of megabytes, much of it shared with its neighbours.

    Raises
    ------
    ValueError
        When ``max_states`` is not at least 1.
    """

    def __init__(self, max_states: int = 64) -> None:
        if max_states < 1:
            msg = f"max_states must be at least 1, got {max_states}"
            raise ValueError(msg)
        self._max_states = max_states
        self._states: OrderedDict[str, Any] = OrderedDict()
        self._beside: OrderedDict[tuple[int, ...], tuple[tuple[Any, ...], dict[Any, Any]]] = OrderedDict()
        self._hits = 0
        self._lock = Lock()

    def __repr__(self) -> str:
        return f"StepCache: {len(self)} states of at most {self._max_states}, {self._hits} steps spared"

    def __len__(self) -> int:
        return len(self._states)

    @property
    def hits(self) -> int:
        """How often a step was spared."""
        return self._hits

    def get(self, key: str, *, counted: bool = True) -> Any | None:
        """Return what is kept under a key, None when nothing is; work beside the steps is not counted as one."""
        with self._lock:
            found = self._states.get(key)
            if found is not None:
                self._states.move_to_end(key)
                self._hits += counted
        return found

    def touch(self, keys: Iterable[str]) -> None:
        """Take what is kept under these keys for used now."""
        with self._lock:
            for key in keys:
                if key in self._states:
                    self._states.move_to_end(key)

    def beside(self, *objects: Any) -> dict[Any, Any]:
        """Give a table for what hangs on these very parts of states and on its own keys, and on nothing else.

        States are frozen and shared, so a part that is the same object says the same.

        Parameters
        ----------
        *objects
            Held for as long as the table is: that of the `MOST_BESIDE` that were asked for last.

        Returns
        -------
        dict
            Empty at first; the caller's to fill.
        """
        ids = tuple(map(id, objects))
        with self._lock:
            _, table = self._beside.setdefault(ids, (objects, {}))
            self._beside.move_to_end(ids)
            while len(self._beside) > MOST_BESIDE:
                self._beside.popitem(last=False)
        return table

    def put(self, key: str, value: Any) -> None:
        """Keep a value under a key."""
        with self._lock:
            self._states[key] = value
            self._states.move_to_end(key)
            while len(self._states) > self._max_states:
                self._states.popitem(last=False)


def content_key(*parts: Any) -> str:
    """SHA-256 over values, arrays and frozen data, by content.

    Parameters
    ----------
    *parts
        Arrays, dataclasses of them, mappings, tuples, lists and plain values.

    Returns
    -------
    str
        Equal for equal content and types, but that a list is as good as a tuple.

    Raises
    ------
    TypeError
        For anything else, of which it is not known what its content is.
    """
    digest = hashlib.sha256()
    for part in parts:
        _update(digest, part)
    return digest.hexdigest()


def _update(digest: Any, part: Any) -> None:
    """Add a value to a digest; each kind begins with a mark of its own, so that no two run together."""
    if isinstance(part, np.ndarray):
        digest.update(f"array {part.dtype.str} {part.shape} ".encode())
        digest.update(np.ascontiguousarray(part).tobytes())
    elif is_dataclass(part) and not isinstance(part, type):
        digest.update(f"data {type(part).__name__} ".encode())
        for entry in fields(part):
            digest.update(f"{entry.name} ".encode())
            _update(digest, getattr(part, entry.name))
    elif isinstance(part, Mapping):
        digest.update(f"mapping {len(part)} ".encode())
        for key in sorted(part):
            _update(digest, key)
            _update(digest, part[key])
    elif isinstance(part, (tuple, list)):
        digest.update(f"sequence {len(part)} ".encode())
        for item in part:
            _update(digest, item)
    elif part is None or isinstance(part, (bool, int, float, complex, str, bytes, np.generic)):
        text = repr(part)
        digest.update(f"value {type(part).__name__} {len(text)} {text} ".encode())
    else:
        msg = f"no key can be made of a {type(part).__name__}"
        raise TypeError(msg)
