"""Whether a whole is likelier where one scan's targets are shared out otherwise, or an object falls apart.

A scan whose first pair was a wrong one has its origin shifted by that, so that its other targets fit wrongly, too.
None of them could be moved alone: all of a scan's targets are taken out, and every way of giving them to the
objects of the other scans is held against what was (conditional modes by blocks: Besag, J. R. Stat. Soc. B 48,
1986).
"""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from dualsense.site._adjust import design
from dualsense.site._belief import Local

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from dualsense.site._adjust import Offsets, Points
    from dualsense.site._belief import Group, Groups

    Better = tuple[float, Sequence[Group], Sequence[Group]]

HOPELESS = -6.0
"""Logarithm of what a target gains at an object, others of its scan alone, below which it is not tried there."""
MOST_WAYS = 256
"""Of sharing out one scan's targets; beyond, the least likely places are left out."""
LEAST = 1e-6
WHOLE = 6
"""Targets of an object that may fall apart every way; of more, one leaves at a time."""


def exchanged(
    groups: Groups,
    own: Mapping[int, Group],
    pairs: Sequence[tuple[int, int]],
    offsets: Offsets,
    limits: tuple[float, set[int]],
) -> tuple[dict[int, Group], set[int]]:
    """Share out targets anew where that is likelier.

    Parameters
    ----------
    groups, own
        All objects, by target.
    pairs
        Targets that lie near each other.
    offsets
        Of scans' origins, by these objects.
    limits
        How far targets of one object may lie apart in metres, and the scans that are to be looked at.

    Returns
    -------
    own : dict
        Objects by target.
    stale : set of int
        Scans that are to be looked at again.
    """
    within_m, stale = limits
    near: dict[int, set[int]] = {}
    for i, j in pairs:
        near.setdefault(i, set()).add(j)
        near.setdefault(j, set()).add(i)
    better: list[Better] = []
    for scan in sorted(stale):
        targets = [n for n in np.flatnonzero(groups.points.scan == scan).tolist() if n in near]
        if targets:
            better += _shared_out(groups, own, near, offsets, (targets, within_m))
    every = [group for n, group in sorted(own.items()) if group.members[0] == n]
    for group in every:
        if len(group.members) > 1 and group.scans & stale:
            better += _apart(groups, group, offsets)
    changed, touched = dict(own), set[int]()
    for _, held, parts in sorted(better, key=lambda one: (one[0], [group.members for group in one[2]])):
        scans = {scan for group in held for scan in group.scans}
        if not scans & touched:
            touched |= scans
            for group in parts:
                changed |= dict.fromkeys(group.members, group)
    return changed, touched


def _shared_out(
    groups: Groups,
    own: Mapping[int, Group],
    near: Mapping[int, set[int]],
    offsets: Offsets,
    given: tuple[Sequence[int], float],
) -> list[Better]:
    """Find the likeliest way to share out one scan's targets, where that is another than it is."""
    targets, within_m = given
    held = {own[n].members: own[n] for n in targets}
    held |= {own[k].members: own[k] for n in targets for k in sorted(near[n])}
    local = Local(groups.points, offsets, list(held.values()))
    bare = {}
    for group in held.values():
        rest = tuple(k for k in group.members if k not in targets)
        if rest:
            bare[rest] = groups.of(rest)
    alone = [groups.of([n]) for n in targets]
    ground = local.evidence([*bare.values(), *alone])
    places: list[list[tuple[float, tuple[int, ...]]]] = []
    for n, single in zip(targets, alone, strict=True):
        tried: list[tuple[float, tuple[int, ...]]] = [(0.0, ())]
        for rest, group in bare.items():
            if not near[n].intersection(rest) or group.scans & single.scans:
                continue
            others = [one for key, one in bare.items() if key != rest]
            singles = [one for one in alone if one is not single]
            more = local.evidence([*others, *singles, groups.of((*rest, n))]) - ground
            if more > HOPELESS:
                tried.append((more, rest))
        places.append(tried)
    best, found = local.evidence(list(held.values())) + LEAST, None
    for way in _ways(_fewer(places)):
        given_to = {rest: n for n, rest in zip(targets, way, strict=True) if rest}
        parts = [groups.of((*rest, given_to[rest])) if rest in given_to else one for rest, one in bare.items()]
        parts += [single for single, rest in zip(alone, way, strict=True) if not rest]
        told = local.evidence(parts)
        if told > best and all(_close(groups.points, group.members, offsets, within_m) for group in parts):
            best, found = told, parts
    if found is None:
        return []
    same = {group.members for group in found}
    was = {key for key in held if key not in same}
    now = [group for group in found if group.members not in held]
    return [(local.evidence(list(held.values())) - best, [held[key] for key in sorted(was)], now)]


def _fewer(places: list[list[tuple[float, tuple[int, ...]]]]) -> list[list[tuple[int, ...]]]:
    """Leave out the least likely places until there are no more ways than may be tried."""
    kept = [sorted(tried, reverse=True) for tried in places]
    while np.prod([len(tried) for tried in kept], dtype=float) > MOST_WAYS:
        # to be alone is always tried
        last = [
            (min(one for one in tried if one[1])[0], n)
            for n, tried in enumerate(kept)
            if any(one[1] for one in tried)
        ]
        _, n = min(last)
        kept[n].remove(min(one for one in kept[n] if one[1]))
    return [[rest for _, rest in tried] for tried in kept]


def _ways(places: Sequence[Sequence[tuple[int, ...]]]) -> Iterator[list[tuple[int, ...]]]:
    """Every way of giving each target a place of its own; an empty one is no object's, and may be many's."""
    if not places:
        yield []
        return
    for way in _ways(places[1:]):
        for rest in places[0]:
            if not rest or rest not in way:
                yield [rest, *way]


def _apart(groups: Groups, group: Group, offsets: Offsets) -> list[Better]:
    """Tell whether an object falls apart."""
    local = Local(groups.points, offsets, [group])
    now = local.evidence([group])
    found: list[Better] = []
    for size in range(1, len(group.members) // 2 + 1 if len(group.members) <= WHOLE else 2):
        for some in combinations(group.members, size):
            parts = [groups.of(some), groups.of([n for n in group.members if n not in some])]
            more = local.evidence(parts) - now
            if more > LEAST:
                found.append((-more, [group], parts))
    return found


def _close(points: Points, members: Sequence[int], offsets: Offsets, within_m: float) -> bool:
    """Tell whether all targets of an object lie within the limit, their scans' offsets taken away."""
    at = [points.map_m[n] - design(points.arm_m[n]) @ offsets.of(int(points.scan[n])) for n in members]
    return all(float(np.hypot(*(one - other))) <= within_m for one, other in combinations(at, 2))
