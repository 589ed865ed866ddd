"""How far off metal lies in results: of every buried object with metal, the nearest target that has a dipole.

Where an object's metal is, is told from its scene: the mean place of its parts, by how strongly each answers. A
target has a dipole where the chain tells the metal's own place; within ``REACH_M`` aside it is that object's. The
dipole is held against that metal; the target's place, which the radar tells too, against the object's middle and
top. Metal is located, or its place is that of the joint fit, where locating it was not believed.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from dualsense.simulate import Buried, Scene

REACH_M = 0.08
MIDDLE_HZ = 9600.0
"""Of the simulated detector's three tones; parts count by what they answer there."""
WORST = 0.05
"""Part of the pieces, those that are farthest off, which the trimmed error leaves out."""
STATED = 1.645
"""Deviations within which 90 % lie."""
FAR_M = 0.05
HEAD = ("x", "y", "depth", "all three")
MORE = ("over 5 cm", "depth within stated 90 %")


@dataclass(frozen=True)
class Piece:
    """One buried object with metal: its scan, where its metal's middle is, and its own middle and top."""

    scan: str
    model: str
    metal_m: tuple[float, float, float]
    object_m: tuple[float, float, float]


@dataclass(frozen=True)
class Found:
    """How far off pieces were found (pieces, 3): x, y and depth in metres; NaN without a dipole near enough.

    Beside it the depth's stated deviation, and whether the metal was located.
    """

    off_m: np.ndarray
    depth_std_m: np.ndarray
    located: np.ndarray


def place_of(thing: Buried) -> tuple[float, float, float] | None:
    """Give the middle of an object's metal, x, y and depth; None where it has none."""
    from dualsense.induction import polarizability
    from dualsense.simulate import metal_dipoles

    parts = metal_dipoles((thing,))
    if not parts:
        return None
    weights = [float(np.linalg.norm(polarizability(spectrum, MIDDLE_HZ))) for _, spectrum in parts]
    x, y, z = np.average([place for place, _ in parts], axis=0, weights=weights)
    return float(x), float(y), float(-z)


def pieces(scenes: Mapping[str, Scene]) -> list[Piece]:
    """Every buried object with metal of some scenes, by the names of their scans."""
    return [
        Piece(name, thing.model, place, (thing.x_m, thing.y_m, thing.depth_m))
        for name, scene in scenes.items()
        for thing in scene.objects
        if (place := place_of(thing)) is not None
    ]


def own_target(piece: Piece, targets: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """Give the target whose dipole is the nearest to a piece aside, if one is within reach."""
    told = [t for t in targets if t["emi"] and "dipole_count" in t["emi"]["features"]]
    x, y, _ = piece.metal_m
    metal = [t["emi"]["features"] for t in told]
    aside = [float(np.hypot(f["x_m"] - x, f["y_m"] - y)) for f in metal]
    return told[int(np.argmin(aside))] if told and min(aside) <= REACH_M else None


def as_told(metal: Mapping[str, float]) -> dict[str, float]:
    """Give features of metal with the depth that is told, where a revision tells another one than it fitted."""
    return dict(metal) | {key: metal.get(f"told_{key}", metal[key]) for key in ("depth_m", "depth_std_m")}


def find(wanted: Sequence[Piece], outputs: Path) -> tuple[Found, Found]:
    """Hold what was found of each piece against the truth: the metal's own place, and the target's."""
    lists: dict[str, list[dict[str, Any]]] = {}
    off, std = np.full((2, len(wanted), 3), np.nan), np.full((2, len(wanted)), np.nan)
    located = np.zeros(len(wanted), dtype=bool)
    for row, piece in enumerate(wanted):
        if piece.scan not in lists:
            file = outputs / piece.scan / "targets.json"
            lists[piece.scan] = json.loads(file.read_text(encoding="utf-8"))["targets"]
        target = own_target(piece, lists[piece.scan])
        if target is None:
            continue
        metal, stated = as_told(target["emi"]["features"]), target["position_std_m"][2]
        located[row] = "located_misfit" in metal
        for kind, place, true, deviation in (
            (0, metal, piece.metal_m, metal["depth_std_m"]),
            (1, target, piece.object_m, stated),
        ):
            told = [place[key] for key in ("x_m", "y_m", "depth_m")]
            off[kind, row] = np.array(told, dtype=np.float64) - true
            std[kind, row] = np.nan if deviation is None else deviation
    return Found(off[0], std[0], located), Found(off[1], std[1], located)


def summary(off_m: np.ndarray) -> dict[str, tuple[float, ...]]:
    """Median, rms and rms without the worst, mm: of x, of y, of depth and of all three together."""
    size = 1e3 * np.abs(np.column_stack([off_m, np.linalg.norm(off_m, axis=1)]))
    size.sort(axis=0)
    kept = size[: len(size) - int(np.ceil(WORST * len(size)))]

    def rms(of: np.ndarray) -> tuple[float, ...]:
        return tuple(np.sqrt(np.mean(np.square(of), axis=0)))

    return {"median": tuple(np.median(size, axis=0)), "rms": rms(size), f"rms without {WORST:.0%}": rms(kept)}


def tell(name: str, wanted: Sequence[Piece], outputs: Mapping[str, Path]) -> None:
    """Print the tables of some scans: each revision over all that it matches, and over what all of them match."""
    found = {revision: find(wanted, folder) for revision, folder in outputs.items()}
    for kind, what in enumerate(("metal's own place", "place of its target, from middle and top of the object")):
        matched = {revision: np.isfinite(own[kind].off_m).all(axis=1) for revision, own in found.items()}
        told = ", ".join(f"{revision} {own.sum()}" for revision, own in matched.items())
        print(f"{name}, {what}: {len(wanted)} objects, with a dipole within {100 * REACH_M:.0f} cm aside: {told}")
        print("| errors in mm | pieces | revision | " + " | ".join((*HEAD, *MORE)) + " |")
        print("|---" * (len(HEAD) + len(MORE) + 3) + "|")
        both = np.logical_and.reduce(list(matched.values()))
        groups = {
            "what all match": dict.fromkeys(found, both),
            "what each matches": matched,
            "of these located": {
                revision: matched[revision] & own[kind].located for revision, own in found.items()
            },
            "of these not": {revision: matched[revision] & ~own[kind].located for revision, own in found.items()},
        }
        for title, rows in groups.items():
            for revision, own in found.items():
                if rows[revision].any():
                    _rows(title, revision, own[kind], rows[revision])


def _rows(title: str, revision: str, found: Found, rows: np.ndarray) -> None:
    """Print one row for each measure."""
    off_m = found.off_m[rows]
    within = np.abs(off_m[:, 2]) <= STATED * found.depth_std_m[rows]
    far = np.linalg.norm(off_m, axis=1) > FAR_M
    for measure, values in summary(off_m).items():
        cells = " | ".join(f"{v:.1f}" for v in values)
        print(f"| {measure}, {title} | {rows.sum()} | {revision} | {cells} | {far.sum()} | {within.mean():.0%} |")
