"""Invented lanes from which the confidence model is fitted, and the sealed ones on which it is judged.

A lane is a loose grid of objects, at least 25 cm from centre to centre: what is learned is what one object looks
like, in a given soil, and not how two of them hide each other. Training and sealed lanes have seeds of their own;
one soil and two kinds of mine occur in sealed lanes only. Half of the training mines are invented. A third split
has no mine but such as training has not; a fourth, of two mines of the eight types, is for what must not change.
A fifth is as training is, with metal close beside most of its objects: a mine beside a can is no part of the can.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from benchmarks.calibrate.invented import NAME, invented_mine

from dualsense.simulate import MODELS, PRESETS, Buried, Motion, Scene, vary_soil
from dualsense.simulate._scene.placement import model_of

SOILS = ("sand", "loam", "wet-clay", "laterite", "ukraine-chernozem", "afghanistan-gravel")
HELD_OUT_SOIL = "bosnia-loam"
MINES = ("PMN", "PMA-1", "PMA-2", "PMA-3", "M14", "VS-50", "TS-50", "PFM-1")
HELD_OUT_MINES = ("PMN-2", "Type-72A")
UNSEEN_MINES = (*HELD_OUT_MINES, "R2M2", "Gyata-64", "PMD-6")
INVENTED = 0.5
"""Of the training mines."""
METAL = ("bullet", "cartridge", "fragment", "fragment", "nail", "can", "foil", "wire-loop")
NO_METAL = ("stone", "stone", "root", "burrow", "void", "wet-patch")
FIRST_SEED = {"train": 10_000, "sealed": 2_000_000, "unseen": 5_000_000, "fixed": 7_000_000, "close": 3_000_000}

CELL_M, COLUMNS, ROWS = 0.30, 2, 2
METAL_SHARE = 0.6
"""Of the objects that are no mines."""
MINES_PER_LANE = {"train": 2, "sealed": 1, "unseen": 1, "fixed": 2, "close": 2}
"""Training needs many mines; what share of the objects they are is taken off again."""
MINE_DEPTH_M, CLUTTER_DEPTH_M = (0.01, 0.12), (0.005, 0.12)
LONGEST_M = 0.16
CLOSE, CLOSE_M, TRIES = 0.6, (0.01, 0.15), 20
"""Of close lanes: share of the objects that have metal beside them; from edge to edge, at the nearest; how often a
place is drawn until one is free."""
ENVELOPE_TOP_M, ENVELOPE_REFLECTION, ENVELOPE_LOSS_DB = (0.02, 0.10), 0.1, 6.0
"""Where no mine may be missed: the top between these depths, an echo of at least this part at the boundary between
soil and mine, and at most this loss in the soil on the way there and back."""
FREE_SPACE_OHM = 376.73


@dataclass(frozen=True, slots=True)
class Lane:
    """One lane: which split it belongs to, its soil, its seed."""

    split: str
    soil: str
    seed: int

    @property
    def name(self) -> str:
        return f"{self.split}-{self.soil}-{self.seed}"


def lanes(split: str, count: int) -> list[Lane]:
    """Give the first lanes of a split, soils in turn; where it is judged, the held-out soil is a seventh."""
    soils = SOILS if split in ("train", "fixed", "close") else (*SOILS, HELD_OUT_SOIL)
    return [Lane(split, soils[n % len(soils)], FIRST_SEED[split] + n) for n in range(count)]


def scene(lane: Lane) -> Scene:
    """Draw a lane's ground, sweep and objects from its seed."""
    rng = np.random.default_rng(lane.seed)
    mines = {"sealed": (*MINES, *HELD_OUT_MINES), "unseen": UNSEEN_MINES}.get(lane.split, MINES)
    names = [mines[rng.integers(len(mines))] for _ in range(MINES_PER_LANE[lane.split])]
    if lane.split in ("train", "close"):
        names = [NAME if rng.uniform() < INVENTED else name for name in names]
    while len(names) < COLUMNS * ROWS:
        litter = METAL if rng.uniform() < METAL_SHARE else NO_METAL
        names.append(litter[rng.integers(len(litter))])
    places = rng.permutation(COLUMNS * ROWS)
    objects = tuple(_bury(name, int(place), rng) for name, place in zip(names, places, strict=True))
    if lane.split == "close":
        objects += _beside(objects, rng)
    motion = Motion(
        length_m=COLUMNS * CELL_M,
        width_m=ROWS * CELL_M,
        line_spacing_m=float(rng.uniform(0.025, 0.035)),
        speed_m_s=float(rng.uniform(0.3, 0.45)),
        height_m=float(rng.uniform(0.035, 0.06)),
        height_std_m=float(rng.uniform(0.003, 0.008)),
    )
    return Scene(
        scan_id=lane.name,
        site=f"invented lane, soil {lane.soil}",
        soil=vary_soil(PRESETS[lane.soil].soil, rng),
        objects=objects,
        motion=motion,
    )


def in_envelope(lane: Lane, name: str, top_m: float) -> bool:
    """Whether a mine lies where none may be missed: told from the truth, whatever was made of the scan."""
    drawn = scene(lane)
    soil = drawn.soil
    own = [model_of(t) for t in drawn.objects if t.model == name and abs(t.depth_m - top_m) < 1e-6]
    mine = (own[0] if own else MODELS[name]).relative_permittivity
    low, high = ENVELOPE_TOP_M
    if not low <= top_m <= high:
        return False
    neper_m = 0.5 * soil.conductivity_s_m * FREE_SPACE_OHM / np.sqrt(soil.relative_permittivity)
    loss_db = 2.0 * top_m * neper_m * 20.0 / np.log(10.0)
    inner, outer = np.sqrt(mine or np.inf), np.sqrt(soil.relative_permittivity)
    reflection = 1.0 if mine is None else abs(outer - inner) / (outer + inner)
    return bool(reflection >= ENVELOPE_REFLECTION and loss_db <= ENVELOPE_LOSS_DB)


def _beside(objects: tuple[Buried, ...], rng: np.random.Generator) -> tuple[Buried, ...]:
    """Draw metal close beside objects, touching none."""
    added: list[Buried] = []
    for thing in objects:
        if rng.uniform() >= CLOSE:
            continue
        for _ in range(TRIES):
            metal = _bury(METAL[rng.integers(len(METAL))], 0, rng)
            away = _radius_m(thing) + _radius_m(metal) + float(rng.uniform(*CLOSE_M))
            angle = float(rng.uniform(0.0, 2.0 * np.pi))
            metal = replace(metal, x_m=thing.x_m + away * np.cos(angle), y_m=thing.y_m + away * np.sin(angle))
            inside = 0.0 < metal.x_m < COLUMNS * CELL_M and 0.0 < metal.y_m < ROWS * CELL_M
            gaps = [
                np.hypot(o.x_m - metal.x_m, o.y_m - metal.y_m) - _radius_m(o) - _radius_m(metal)
                for o in (*objects, *added)
            ]
            if inside and min(gaps) >= 0.99 * CLOSE_M[0]:
                added.append(metal)
                break
    return tuple(added)


def _radius_m(thing: Buried) -> float:
    """Half of the larger extent."""
    return 0.5 * thing.scale * max(model_of(thing).size_m[:2])


def _bury(name: str, place: int, rng: np.random.Generator) -> Buried:
    own = invented_mine(rng) if name == NAME else None
    model = own or MODELS[name]
    mine = model.label == "mine"
    scale = 1.0 if mine else float(np.exp(rng.normal(0.0, 0.25)))
    if not mine:  # a long root would reach its neighbour
        scale = min(scale, LONGEST_M / max(model.size_m[:2]))
    x = CELL_M * (place % COLUMNS + 0.5) + float(rng.uniform(-0.025, 0.025))
    y = CELL_M * (place // COLUMNS + 0.5) + float(rng.uniform(-0.025, 0.025))
    depth = float(rng.uniform(*(MINE_DEPTH_M if mine else CLUTTER_DEPTH_M)))
    thing = Buried(name, x, y, depth, yaw_deg=float(rng.uniform(0.0, 360.0)), scale=scale, own=own)
    if model.relative_permittivity is None:
        return thing
    spread = float(np.exp(rng.normal(0.0, 0.08 if mine else 0.15)))
    return replace(thing, body_permittivity=max(1.0, model.relative_permittivity * spread))
