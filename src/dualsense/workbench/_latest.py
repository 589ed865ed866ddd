"""What a session keeps: the latest of each kind, and what steps gave that were taken anew."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any, TypeVar

from dualsense.chain import StepCache

K = TypeVar("K")
V = TypeVar("V")


class Latest(OrderedDict[K, V]):
    """A mapping that forgets what was looked at longest ago when there is too much.

    Parameters
    ----------
    most
        Entries at most.
    """

    def __init__(self, most: int) -> None:
        super().__init__()
        self._most = most

    def __setitem__(self, key: K, value: V) -> None:
        super().__setitem__(key, value)
        self.move_to_end(key)
        while len(self) > self._most:
            self.popitem(last=False)

    def __getitem__(self, key: K) -> V:
        self.move_to_end(key)
        return super().__getitem__(key)


class Noting(StepCache):
    """A cache that notes what was put in, and what was asked for, since it last told."""

    def __init__(self, max_states: int) -> None:
        super().__init__(max_states)
        self._fresh: list[Any] = []
        self._used: list[str] = []

    def get(self, key: str, *, counted: bool = True) -> Any | None:
        self._used.append(key)
        return super().get(key, counted=counted)

    def put(self, key: str, value: Any) -> None:
        super().put(key, value)
        self._fresh.append(value)

    def told(self) -> tuple[set[int], tuple[str, ...]]:
        """Give the identities of states that were put in, and the keys that were asked for; and begin anew."""
        fresh = {id(one[0]) for one in self._fresh if isinstance(one, tuple)}
        used = tuple(self._used)
        self._fresh, self._used = [], []
        return fresh, used
