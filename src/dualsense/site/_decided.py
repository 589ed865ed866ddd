"""What people recorded of a site's objects: decided, dug, found; and what a later scan says against it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from dualsense.result import OPEN_CALLS
from dualsense.site._records import Decided, Listed, SiteObject

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dualsense.site._records import SiteScan

FOUND_GRAVEST = ("mine", "other-explosive", "metal", "other-object", "nothing")
SAME_M = 0.10
"""Within which a record of an earlier result of the same recording speaks of the target that is listed now."""
DIG = ("dig", "marked")
ZONES = timedelta(hours=14)
"""A time without a zone may be meant so much later than the same time in UTC."""
FIRST_CLOCK = datetime(2000, 1, 1, tzinfo=UTC)
"""A recorder whose clock says less has lost it."""
MAX_REACH_M = 10_000.0

Row = "Mapping[str, Any]"


def join_decisions(objects: Sequence[SiteObject], scans: Sequence[SiteScan]) -> list[SiteObject]:
    """Join what was recorded to each object; records of places that no list has become objects of their own.

    Parameters
    ----------
    objects
        Of the site, with what scans list.
    scans
        With what was recorded beside each.

    Returns
    -------
    list of SiteObject
        The same ones in their order, then the places.
    """
    of: dict[tuple[int, str], list[Mapping[str, Any]]] = {}
    alone: list[tuple[int, Mapping[str, Any]]] = []
    held = {
        number: {own.id: own for one in objects for own in one.listed if own.scan == number}
        for number, scan in enumerate(scans)
        if scan.decisions
    }
    for number, targets in held.items():
        for row in scans[number].decisions:
            name = _target_of(row, targets, scans[number])
            if name is None:
                alone.append((number, row))
            else:
                of.setdefault((number, name), []).append(row)
    joined = [replace(one, decided=_decided(one, of, scans)) for one in objects]
    return joined + _places(alone, scans)


def dug_targets(listed: Sequence[Listed], scans: Sequence[SiteScan]) -> set[tuple[int, str]]:
    """Numbers of scans and names of their targets at which a find was recorded."""
    of: dict[int, dict[str, Listed]] = {}
    for own in listed:
        if scans[own.scan].decisions:
            of.setdefault(own.scan, {})[own.id] = own
    found = set()
    for number, targets in of.items():
        for row in filter(_is_find, scans[number].decisions):
            name = _target_of(row, targets, scans[number])
            if name is not None:
                found.add((number, name))
    return found


def is_open(one: SiteObject) -> bool:
    """Whether it is still to be dug: by its call or by decision, and not dug since."""
    wanted = one.call in OPEN_CALLS or one.decided.state in DIG
    return wanted and (one.decided.state != "dug" or one.decided.again)


def _target_of(row: Mapping[str, Any], targets: Mapping[str, Listed], scan: SiteScan) -> str | None:
    """Name of the listed target that a record speaks of."""
    if row["of_this_result"] and row["target"] in targets:
        return str(row["target"])
    same = scan.result is not None and row["scan_sha256"] == scan.result.scan_sha256
    place = _place(row)
    if not (same and row["target"] and place and targets):
        return None
    away = {name: float(np.hypot(own.x_m - place[0], own.y_m - place[1])) for name, own in targets.items()}
    nearest = min(away, key=lambda name: (away[name], name))
    return nearest if away[nearest] <= SAME_M else None


def _place(row: Mapping[str, Any]) -> tuple[float, float] | None:
    given = [row["x_m"], row["y_m"]]
    if any(isinstance(value, bool) or not isinstance(value, (int, float)) for value in given):
        return None
    if not all(abs(value) <= MAX_REACH_M for value in given):  # as no page of ours records one
        return None
    return float(given[0]), float(given[1])


def _decided(
    one: SiteObject, of: Mapping[tuple[int, str], Sequence[Mapping[str, Any]]], scans: Sequence[SiteScan]
) -> Decided:
    own = {(listed.scan, listed.id): of.get((listed.scan, listed.id), ()) for listed in one.listed}
    every = sorted((row for rows in own.values() for row in rows), key=lambda row: str(row["time"] or ""))
    if not every:
        return Decided()
    told = _summed(every)
    if told.state != "dug":
        return told
    dug = [when for row in every if _is_find(row) and (when := _when(row["time"])) is not None]
    last = max(dug) if dug else None
    for listed in one.listed:
        if listed.call not in OPEN_CALLS or any(map(_is_find, own[listed.scan, listed.id])):
            continue
        result = scans[listed.scan].result
        made = None if result is None else _latest(result.header.created)
        if last is None or made is None or made >= last:
            return replace(told, again=True)
    return told


def _summed(rows: Sequence[Mapping[str, Any]]) -> Decided:
    """Sum up records of one place in the order of their times."""
    last = rows[-1]
    finds = [str(row["found"]) for row in rows if _is_find(row)]
    gravest = min(finds, key=FOUND_GRAVEST.index, default=None)
    # who asks for it to be dug after a find wants it dug again
    state = "dug" if finds and (_is_find(last) or last["decision"] not in DIG) else str(last["decision"])
    time, operator, note = (str(last[name] or "") for name in ("time", "operator", "note"))
    state = state if state in {"dug", *DIG, "left"} else "dig"
    return Decided(state=state, found=gravest, time=time, operator=operator, note=note)


def _is_find(row: Mapping[str, Any]) -> bool:
    """Whether a record says what lay there, in a word that we know: no other ends what is to be dug."""
    return row["found"] in FOUND_GRAVEST


def _latest(text: str) -> datetime | None:
    """Last moment that a recorder's time may mean; None where it tells none, or its clock had lost it."""
    when = _when(text)
    if when is None or when < FIRST_CLOCK:
        return None
    named = len(text.strip()) > len("2026-01-01")
    zoned = datetime.fromisoformat(text).tzinfo is not None
    return when + (timedelta(0) if named else timedelta(days=1)) + (timedelta(0) if zoned else ZONES)


def _when(text: object) -> datetime | None:
    try:
        when = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return when if when.tzinfo else when.replace(tzinfo=UTC)


def _places(alone: Sequence[tuple[int, Mapping[str, Any]]], scans: Sequence[SiteScan]) -> list[SiteObject]:
    """Places that people recorded and no list has, records of the same place together."""
    together: dict[tuple[int, float, float], list[Mapping[str, Any]]] = {}
    for number, row in alone:
        place = _place(row)
        if place is not None:
            together.setdefault((number, *place), []).append(row)
    found: list[SiteObject] = []
    for (number, x_m, y_m), rows in sorted(together.items()):
        to_map = scans[number].to_map
        spot = None if to_map is None else to_map @ np.array([x_m, y_m, 1.0])
        told = _summed(sorted(rows, key=lambda row: str(row["time"] or "")))
        nan = float("nan")
        found.append(
            SiteObject(f"P{len(found) + 1}", None, nan, spot, None, nan, nan, (), 0, decided=told,
                       local_m=(x_m, y_m), scan=number)
        )  # fmt: skip
    return found
