"""What differs between two results: what was asked, what was computed, what was found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from dualsense.evaluate import match, rates, score_scan
from dualsense.runtime.toml import TomlError, parse_toml
from dualsense.workbench._images import ImageDifference, image_differences

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dualsense.evaluate import Rates
    from dualsense.result import Result, Target
    from dualsense.scan import Truth

WITHIN_M = 0.10
SIDES = ("a", "b")


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that is another in the second result; None where a result does not have it."""

    name: str
    a: Any
    b: Any


@dataclass(frozen=True, slots=True)
class Pair:
    """A target of each result, at one place.

    Attributes
    ----------
    a, b
        Their ids.
    apart_m
        Horizontal distance.
    x_m, y_m, depth_m, confidence
        The second's less the first's; depth is NaN where either is unknown.
    calls
        Of both.
    """

    a: str
    b: str
    apart_m: float
    x_m: float
    y_m: float
    depth_m: float
    confidence: float
    calls: tuple[str, str]

    @property
    def differs(self) -> bool:
        """Whether anything of both does; a depth that neither knows does not."""
        deeper = np.isfinite(self.depth_m) and self.depth_m != 0.0
        return bool(self.apart_m or self.confidence or deeper or self.calls[0] != self.calls[1])


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two results beside each other.

    Attributes
    ----------
    scans
        Id and SHA-256 of each result's scan.
    same_scan, simulated
        Whether both are of the same samples; whether either is of simulated ground.
    recipe, versions
        Keys, and provenance but for the recipe, that differ.
    images
        Radar volume and metal maps that both have.
    within_m
        How far apart two targets may lie and be one.
    pairs, only_a, only_b
        Targets of both results, and ids of those of one alone.
    only_calls
        Their calls.
    coverage
        Part of the patch by each sensor and by both, area, permittivity: those that differ.
    faults
        Codes and how often they were said, where that differs.
    figures
        Name to the value of each result.
    detection
        Name to the value of each result, where a truth was given for it.
    """

    scans: tuple[tuple[str, str], tuple[str, str]]
    same_scan: bool
    simulated: bool
    recipe: tuple[Change, ...]
    versions: tuple[Change, ...]
    images: tuple[ImageDifference, ...]
    within_m: float
    pairs: tuple[Pair, ...]
    only_a: tuple[str, ...]
    only_b: tuple[str, ...]
    only_calls: tuple[tuple[str, ...], tuple[str, ...]]
    coverage: tuple[Change, ...]
    faults: tuple[Change, ...]
    figures: Mapping[str, tuple[Any, Any]]
    detection: Mapping[str, tuple[Any, Any]]

    @property
    def differing(self) -> tuple[str, ...]:
        """What differs of what was found; recipes and versions may, without that."""
        moved = any(pair.differs for pair in self.pairs)
        images = any(one.rms_difference or one.only_a or one.only_b for one in self.images)
        held = {
            "targets": bool(moved or self.only_a or self.only_b),
            "images": images,
            "coverage": bool(self.coverage),
            "faults": bool(self.faults),
        }
        return tuple(name for name, differs in held.items() if differs)

    def agreement(self) -> dict[tuple[str, str], int]:
        """Count targets by the calls of both results; "none" where one has no such target."""
        counts: dict[tuple[str, str], int] = {}
        alone = [(call, "none") for call in self.only_calls[0]] + [("none", call) for call in self.only_calls[1]]
        for calls in (*(pair.calls for pair in self.pairs), *alone):
            counts[calls] = counts.get(calls, 0) + 1
        return counts


def compare_results(
    a: Result, b: Result, *, within_m: float = WITHIN_M, truths: Mapping[str, Truth] | None = None
) -> Comparison:
    """Put two results beside each other.

    Parameters
    ----------
    a, b
        Of one scan, or of two of the same ground.
    within_m
        How far apart two targets may lie and be one: they are matched one to one, as many as possible, then as
        close as possible.
    truths
        What lies in the ground of a scan, by its SHA-256.

    Returns
    -------
    Comparison

    Raises
    ------
    ValueError
        A distance that is not positive.
    """
    if not 0.0 < within_m < np.inf:
        msg = f"within_m must be positive, got {within_m}"
        raise ValueError(msg)
    pairs, alone = _pairs(a, b, within_m)
    both = (a, b)
    return Comparison(
        scans=((a.header.scan_id, a.scan_sha256), (b.header.scan_id, b.scan_sha256)),
        same_scan=a.scan_sha256 == b.scan_sha256,
        simulated=any(one.header.source == "simulated" for one in both),
        recipe=_changes(*(_recipe_of(one) for one in both)),
        versions=_changes(*(_versions_of(one) for one in both)),
        images=image_differences(a, b),
        within_m=within_m,
        pairs=pairs,
        only_a=tuple(t.id for t in alone[0]),
        only_b=tuple(t.id for t in alone[1]),
        only_calls=(tuple(t.call for t in alone[0]), tuple(t.call for t in alone[1])),
        coverage=_changes(*(_covered(one) for one in both)),
        faults=_changes(*(_fault_counts(one) for one in both)),
        figures=_beside(*(figures_of(one) for one in both)),
        detection=_beside(*(detection_of(one, truths or {}) for one in both)),
    )


def _pairs(a: Result, b: Result, within_m: float) -> tuple[tuple[Pair, ...], tuple[list[Target], list[Target]]]:
    place_a, place_b = (
        np.array([(t.x_m, t.y_m) for t in one.targets], dtype=np.float64).reshape(-1, 2) for one in (a, b)
    )
    distance_m = np.linalg.norm(place_a[:, None] - place_b[None], axis=2)
    chosen = match(distance_m, np.full(len(place_a), within_m))
    pairs = tuple(
        _pair(one, b.targets[n], float(distance_m[k, n]))
        for k, (one, n) in enumerate(zip(a.targets, chosen, strict=True))
        if n >= 0
    )
    only_a = [t for t, n in zip(a.targets, chosen, strict=True) if n < 0]
    only_b = [t for n, t in enumerate(b.targets) if n not in set(chosen.tolist())]
    return pairs, (only_a, only_b)


def _pair(a: Target, b: Target, apart_m: float) -> Pair:
    return Pair(
        a.id,
        b.id,
        apart_m,
        b.x_m - a.x_m,
        b.y_m - a.y_m,
        b.depth_m - a.depth_m,
        b.confidence - a.confidence,
        (a.call, b.call),
    )


def _changes(a: Mapping[str, Any], b: Mapping[str, Any]) -> tuple[Change, ...]:
    names = [*a, *(name for name in b if name not in a)]
    return tuple(Change(name, a.get(name), b.get(name)) for name in names if not _same(a.get(name), b.get(name)))


def _same(a: Any, b: Any) -> bool:
    return bool(a == b or (a != a and b != b))  # noqa: PLR0124 - NaN is as good as NaN


def _beside(a: Mapping[str, Any], b: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    return {name: (a.get(name), b.get(name)) for name in (*a, *(name for name in b if name not in a))}


def _recipe_of(result: Result) -> dict[str, Any]:
    """Keys of the recipe that a result keeps, those that this version does not know included."""
    text = result.provenance.get("recipe", "")
    try:
        return dict(_flat(parse_toml(text), ""))
    except TomlError:
        return {"recipe": text}


def _flat(tree: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for name, value in tree.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def _versions_of(result: Result) -> dict[str, str]:
    kept = ("version_", "model")
    return {name: text for name, text in sorted(result.provenance.items()) if name.startswith(kept)}


def _covered(result: Result) -> dict[str, Any]:
    parts = {f"covered by {name}": part for name, part in sorted(result.sensor_coverage.items())}
    return {"area_m2": result.area_m2, "covered by both": result.coverage_fraction, **parts}


def _fault_counts(result: Result) -> dict[str, int]:
    codes = [f"{one.code or one.message} ({one.severity})" for one in result.faults]
    return {code: codes.count(code) for code in sorted(set(codes))}


def figures_of(result: Result) -> dict[str, Any]:
    """Count what a result holds, and give the numbers that it was made by."""
    calls = [t.call for t in result.targets]
    return {
        "targets": len(calls),
        **{call: calls.count(call) for call in ("suspect", "unclear", "likely-clutter", "not-assessable")},
        "relative_permittivity": result.relative_permittivity,
        "suspect_threshold": result.suspect_threshold,
        "stated_detection": result.stated_detection,
        "doubted stretches": len(result.doubts),
        **_sight(result),
    }


def _sight(result: Result) -> dict[str, float]:
    """Give parts of the patch on which a mine of least metal would have been found, by the depth of its top."""
    sight, patch = result.smallest_mine, result.coverage.patch
    if sight is None or not patch.any():
        return {}
    tops = zip(sight.top_m.tolist(), sight.small, strict=True)
    return {f"small mine found, top {100 * top:.0f} cm": float((own[patch] == 1).mean()) for top, own in tops}


def detection_of(result: Result, truths: Mapping[str, Truth]) -> dict[str, Any]:
    """Give what of a truth was found; nothing where there is none for the result's scan."""
    truth = truths.get(result.scan_sha256)
    if truth is None:
        return {}
    found: Rates = rates([score_scan(result, truth)])
    return {
        "mines": found.mines,
        "detected": found.detected,
        "missed": found.missed,
        "not assessable": found.not_assessable,
        "not covered": found.not_covered,
        "false alarms": found.false_alarms,
        "false alarms per m2": found.false_alarms_m2,
    }
