"""Targets, faults and notes of tiles that overlap, each once."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from dualsense import fusion
from dualsense.faults import KINDS, fault
from dualsense.language import in_english

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from dualsense.chain.tiles import Tile
    from dualsense.result import Target
    from dualsense.scan import Fault

SAME_M = 0.05
"""Nearer to each other than this, what two tiles see on their own ground may be the same object."""
BEYOND_M = 0.1
"""And nearer than this, what one of them sees beyond its border: there an object is placed less well.

So far beyond it what is no suspect is believed."""
SUMMED = frozenset(
    {
        "soundings-silent",
        "soundings-stuck",
        "values-missing",
        "gpr-clipped",
        "gpr-values-bridged",
        "gpr-soundings-incomplete",
        "emi-spikes",
        "track-off-ground",
    }
)
"""Faults that count samples: of tiles, which overlap, each with the part of its samples that is its own."""
COUNTS = ("count", "total", "soundings", "samples", "traces")
AMOUNTS = ("loss", "difference_mm", "part", "count")
"""By which the worst of a kind is told, the first that it has."""
LEAST_EMPTY = 0.01
_OF = re.compile(r"(\d+) of (\d+)")


@dataclass(frozen=True, slots=True)
class Said:
    """Faults of one tile, and the part of each sensor's samples that lies on its own ground."""

    faults: tuple[Fault, ...]
    gpr_share: float
    emi_share: float

    def share(self, one: Fault) -> float:
        """Part of the samples that a fault is of."""
        metal = one.sensor == "emi" or one.values.get("sensor_name") == "metal"
        return self.emi_share if metal else self.gpr_share


def join_targets(
    listed: Sequence[tuple[Tile, Sequence[Target]]], partly: Sequence[Tile] = ()
) -> tuple[tuple[Target, ...], tuple[Target, ...]]:
    """List the objects of overlapping tiles, each once.

    A target counts on its tile's own ground. One beyond its tile's border is left out where another tile's is
    listed for it, within 10 cm: one of the tile whose ground it is, or of any other where each is the other's
    nearest. So what both tiles place beyond the border, what only one of them sees there, and what lies on ground
    whose tile failed is listed too. More than 10 cm beyond it samples are few: there only a suspect, or what would
    be one were it surer that there is anything, is listed against a tile that saw the place with every sensor, and
    the rest is unconfirmed. On their own ground two tiles' targets within 5 cm, each the other's nearest, are one
    object. Of two the one that lies deeper in its tile is taken.

    Parameters
    ----------
    listed
        Each tile that did not fail with all that it found, in its halo too.
    partly
        Those of them of which a sensor failed.

    Returns
    -------
    listed
        Highest confidence first; ids T1, T2, ... in that order.
    unconfirmed
        Those that are no suspects, seen from a neighbouring tile alone; in no order, with the ids of their tiles.
    """
    depth = [[tile.depth_inside_m(t.x_m, t.y_m) for t in targets] for tile, targets in listed]
    sound = [tile for tile, _ in listed if tile not in partly]
    places = ((n, k) for n, (_, targets) in enumerate(listed) for k in range(len(targets)))
    kept: list[tuple[int, int]] = []
    unconfirmed: list[Target] = []
    for n, k in sorted(places, key=lambda at: (-depth[at[0]][at[1]], at)):
        own, beyond = listed[n][1], depth[n][k] < 0.0
        x_m, y_m = own[k].x_m, own[k].y_m
        for m, j in kept:
            tile, others = listed[m]
            owner = beyond and tile.depth_inside_m(x_m, y_m) >= 0.0
            within_m = BEYOND_M if beyond else SAME_M
            near = np.hypot(others[j].x_m - x_m, others[j].y_m - y_m) <= within_m
            if m != n and near and (owner or _mutual(own, k, others, j)):
                break
        else:
            alarms = own[k].call == "suspect" or fusion.MAY_BE_NOTHING in own[k].reasons
            weak = depth[n][k] < -BEYOND_M and not alarms
            if weak and any(tile.depth_inside_m(x_m, y_m) >= 0.0 for tile in sound):
                unconfirmed.append(own[k])
            else:
                kept.append((n, k))
    found = [listed[n][1][k] for n, k in kept]
    found.sort(key=lambda t: (-t.confidence, t.x_m, t.y_m))
    return tuple(replace(t, id=f"T{number}") for number, t in enumerate(found, start=1)), tuple(unconfirmed)


def join_faults(said: Sequence[Said]) -> tuple[Fault, ...]:
    """Say once what several tiles say, with the counts of all.

    Parameters
    ----------
    said
        Of every tile.

    Returns
    -------
    tuple of Fault
        In the order in which they were first met. A sensor that failed in some tiles only is degraded; one that
        failed in all of them, each for a reason of its own, failed.
    """
    lost: list[set[str | None]] = [
        {one.sensor for one in tile.faults if one.severity == "failed"} for tile in said
    ]
    dead = set.intersection(*lost) if lost else set()
    groups: dict[tuple[object, ...], list[tuple[Fault, float]]] = {}
    for tile in said:
        for one in tile.faults:
            groups.setdefault(_kind(one), []).append((one, tile.share(one)))
    joined = (_joined(group, len(said), dead) for group in groups.values())
    return tuple(one for one in joined if one is not None)


def join_notes(notes: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """Join entries of the provenance: one value where all agree, else from the least to the most.

    Parameters
    ----------
    notes
        Of every tile.

    Returns
    -------
    dict of str to str
    """
    names = dict.fromkeys(name for one in notes for name in one)
    return {name: _span([one[name] for one in notes if name in one]) for name in names}


def _mutual(own: Sequence[Target], k: int, others: Sequence[Target], j: int) -> bool:
    """Whether two targets of two tiles are each other's nearest."""
    return bool(_distances(own[k], others).argmin() == j and _distances(others[j], own).argmin() == k)


def _distances(target: Target, others: Sequence[Target]) -> np.ndarray:
    return np.hypot(*(np.array([(t.x_m, t.y_m) for t in others]) - (target.x_m, target.y_m)).T)


def _kind(one: Fault) -> tuple[object, ...]:
    if not one.code:
        return one.sensor, one.path, one.message
    which = tuple(one.values.get(name) for name in ("channel", "sensor_name", "step", "method", "columns"))
    return one.code, one.sensor, one.path, *which


def _joined(group: Sequence[tuple[Fault, float]], tiles: int, dead: Collection[str | None]) -> Fault | None:
    faults = [one for one, _ in group]
    worst = max(faults, key=_amount)
    if worst.code in SUMMED:
        worst = _worded(worst, _sums(group))
    elif worst.code == "gpr-volume-empty":
        part = sum(float(str(one.values["part"])) for one in faults) / tiles
        worst = _worded(worst, {**worst.values, "part": part})
        return worst if part > LEAST_EMPTY else None
    graver = any(one.severity == "degraded" for one in faults) and worst.severity == "info"
    if graver:
        worst = replace(worst, severity="degraded")
    if worst.severity == "failed" and len(group) < tiles:
        where = in_english(
            "on {count:d} of {tiles:d} tiles of the ground: {message}",
            count=len(group),
            tiles=tiles,
            message=worst.message,
        )
        return replace(worst, severity="failed" if worst.sensor in dead else "degraded", message=where)
    return worst


def _amount(one: Fault) -> float:
    return next((float(str(one.values[name])) for name in AMOUNTS if name in one.values), 0.0)


def _sums(group: Sequence[tuple[Fault, float]]) -> dict[str, object]:
    """Values of a fault that counts samples, for all tiles together."""
    values = dict(group[0][0].values)
    for name in COUNTS:
        if name in values:
            values[name] = max(1, round(sum(share * float(str(one.values[name])) for one, share in group)))
    if "share" in values:
        values["share"] = float(str(values["count"])) / float(str(values["total"]))
    return values


def _worded(one: Fault, values: Mapping[str, object]) -> Fault:
    kind, words = KINDS[one.code], dict(values)
    channel = words.pop("channel", None)
    return fault(
        one.code,
        path=one.path,
        severity=one.severity if kind.severity is None else None,
        sensor=one.sensor if kind.sensor is None else None,
        channel=None if channel is None else int(str(channel)),
        **words,
    )


def _span(texts: Sequence[str]) -> str:
    if len(set(texts)) == 1:
        return texts[0]
    pairs = [_OF.fullmatch(text) for text in texts]
    if all(pairs):
        found, whole = (sum(int(pair[n]) for pair in pairs if pair) for n in (1, 2))
        return f"{found} of {whole} in overlapping tiles"
    try:
        ordered = sorted(texts, key=float)
    except ValueError:
        return "; ".join(text for text, _ in Counter(texts).most_common())
    return f"{ordered[0]} to {ordered[-1]}"
