"""How far off fitted depths of metal are on lanes whose truth is known, by what the fit states of itself.

    python -m benchmarks.emi.study_told [--lanes 360] [--alone 200] [--deep 60] [--draws 100]
                                       [--first 14000] [--fit]

Lanes are drawn as those from which the confidence is learnt, with seeds of their own; the radar is left out. On a
part of them one piece of metal is left alone, and on a third part that piece is buried 15 to 25 cm deep, deeper
than anything the errors were chosen on. Draws are those of `benchmarks.emi.study_draws`, whose forward model is
another. With ``--fit`` the errors of `dualsense.emi.told_depths` are chosen by the likelihood of the true depths
and places, of posteriors by their deviations; without it those that ship are held against lanes and draws: with
another ``--first`` against such as nothing was chosen on. Everything is simulated.
"""

from __future__ import annotations

import argparse
import itertools
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from benchmarks.calibrate import scenes
from benchmarks.emi import study_draws
from benchmarks.metal_places import REACH_M, place_of

from dualsense import emi
from dualsense.chain import process_scan
from dualsense.emi import _told as shipped
from dualsense.recipe import load_recipe
from dualsense.runtime.workers import WorkerDiedError, run_tasks
from dualsense.simulate import simulate_scan

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dualsense.emi import Dipole
    from dualsense.simulate import Scene

    Real = np.ndarray

KINDS = tuple(shipped.ERRORS)
DRAWN_SEED = 90_000
DEEP_M = (0.15, 0.25)
GRID_M = shipped.DEPTH_M[::4]
BINS_M = (0.0, 0.001, 0.002, 0.004, 0.008, 0.016, np.inf)
TO_ONE = 0.05
"""How much the logarithms of what is chosen are held to one, so that what no data tell does not run away."""


@dataclass(frozen=True)
class Seen:
    """One piece of metal as it was fitted and as it is told, and where it is (3,)."""

    source: str
    fitted: Dipole
    told: Dipole
    true_m: Real


def _lane(seed: int, kind: str) -> Scene:
    soil = scenes.SOILS[seed % len(scenes.SOILS)]
    scene = scenes.scene(scenes.Lane("train", soil, seed))
    metal = [thing for thing in scene.objects if place_of(thing) is not None]
    if kind == "lanes" or not metal:
        return scene
    rng = np.random.default_rng(seed)
    kept = metal[rng.integers(len(metal))]
    others = tuple(thing for thing in scene.objects if thing not in metal)
    own = replace(kept, depth_m=float(rng.uniform(*DEEP_M))) if kind == "deep" else kept
    return replace(scene, objects=(own, *others))


def look(task: tuple[str, int]) -> list[Seen]:
    """Take a lane or a draw, by its source and seed."""
    source, seed = task
    return of_draw(seed, source) if source in study_draws.CASES else of_lane(seed, source)


def of_lane(seed: int, kind: str) -> list[Seen]:
    """Every piece of metal of a lane that has a dipole near enough aside, which is the nearest one."""
    scene = _lane(seed, kind)
    scan = replace(simulate_scan(scene, seed=seed), gpr=None)
    state = process_scan(scan, load_recipe(), keep=("emi.depth",)).kept["emi.depth"]
    dipoles = () if state.inversion is None else state.inversion.dipoles
    places = [place for thing in scene.objects if (place := place_of(thing)) is not None]
    return list(_matched(kind, dipoles, state.told, [np.array([x, y, -d]) for x, y, d in places]))


def _matched(
    source: str, fitted: Sequence[Dipole], told: Sequence[Dipole], places: Sequence[Real]
) -> Iterator[Seen]:
    """Pair pieces with the dipoles nearest aside; one that is nearer to another piece is that one's."""
    if not fitted or not places:
        return
    aside = np.array([[float(np.hypot(*(d.position_m - place)[:2])) for d in fitted] for place in places])
    for n, place in enumerate(places):
        k = int(aside[n].argmin())
        if aside[n, k] <= REACH_M and int(aside[:, k].argmin()) == n:
            yield Seen(source, fitted[k], told[k], place)


def of_draw(seed: int, name: str) -> list[Seen]:
    """The bodies of one draw of `study_draws`."""
    rows, centres, *_ = study_draws.draw(study_draws.CASES[name], seed)
    found = emi.refine(rows, emi.find_dipoles(rows, np.full(6, study_draws.NOISE))).dipoles
    return list(_matched(name, found, emi.told_depths(found, rows), list(centres)))


class Errors:
    """What is chosen, as logarithms: of each kind times, half, power; then the deviation of what is lost."""

    def __init__(self, seen: Sequence[Seen]) -> None:
        self.kind = np.array([KINDS.index(one.fitted.placed) for one in seen])
        self.fitted_m = np.array([-one.fitted.position_m[2] for one in seen])
        covariance = np.array([one.fitted.covariance_m2 for one in seen])
        self.std_m = np.maximum(np.sqrt(covariance[:, 2, 2]), shipped.LEAST_STD_M)
        self.aside_m2 = 0.5 * np.trace(covariance[:, :2, :2], axis1=1, axis2=2) + shipped.LEAST_STD_M**2
        self.true_m = np.array([-one.true_m[2] for one in seen])
        self.off_m2 = np.array([float(((one.fitted.position_m - one.true_m)[:2] ** 2).sum()) for one in seen])
        self.cell = np.abs(GRID_M - self.true_m[:, None]).argmin(axis=1)

    def lost(self, chosen: Real) -> Real:
        """Probability of each that it is lost, beforehand."""
        _, half_m, power = np.exp(chosen[:9]).reshape(3, 3)[:, self.kind]
        out: Real = 1.0 / (1.0 + (1e-2 * half_m / self.std_m) ** power)
        return out

    def in_depth(self, chosen: Real) -> float:
        """Minus the log likelihood of the true depths."""
        times, lost = np.exp(chosen[:3])[self.kind], self.lost(chosen)
        away = GRID_M - self.fitted_m[:, None]
        parts = []
        for share, std in (
            (1.0 - lost, times * self.std_m),
            (lost, np.hypot(0.1 * np.exp(chosen[9]), self.std_m)),
        ):
            part = np.exp(-0.5 * (away / std[:, None]) ** 2)
            parts.append(share[:, None] * part / part.sum(axis=1, keepdims=True))
        density = (parts[0] + parts[1]) * shipped.usual_depths()[::4]
        density /= density.sum(axis=1, keepdims=True)
        told = density[np.arange(self.cell.size), self.cell]
        return float(-np.log(told + 1e-9).sum() + TO_ONE * (chosen**2).sum())

    def aside(self, chosen: Real, lost: Real, kind: int) -> float:
        """Minus the log likelihood of how far aside those of a kind are: errors in deviations, and of the lost."""
        own = self.kind == kind
        right = np.exp(2.0 * chosen[0]) * self.aside_m2[own]
        wrong = right + 1e-4 * np.exp(2.0 * chosen[1])
        parts = [
            share / variance * np.exp(-0.5 * self.off_m2[own] / variance)
            for share, variance in ((1.0 - lost[own], right), (lost[own], wrong))
        ]
        return float(-np.log(parts[0] + parts[1] + 1e-12).sum() + TO_ONE * (chosen**2).sum())


def fit(seen: Sequence[Seen]) -> None:
    """Choose the errors and print them."""
    from scipy.optimize import minimize

    errors = Errors(seen)
    start = np.log([1.4, 1.6, 3.0, 0.7, 0.5, 0.1, 2.5, 3.0, 1.5, 0.7])
    best = minimize(errors.in_depth, start, method="Powell", options={"maxiter": 60})
    lost, chosen = errors.lost(best.x), np.exp(best.x)
    print(f"lost, in depth: {0.1 * chosen[9]:.3f} m")
    for k, kind in enumerate(KINDS):
        aside = np.exp(minimize(partial(errors.aside, lost=lost, kind=k), [0.3, 0.5], method="Nelder-Mead").x)
        print(
            f"{kind:7s} {int((errors.kind == k).sum()):5d} times {chosen[k]:.2f}, aside {aside[0]:.2f},"
            f" half {1e-2 * chosen[3 + k]:.4f} m, power {chosen[6 + k]:.2f}, lost aside {1e-2 * aside[1]:.3f} m"
        )


def say(seen: Sequence[Seen]) -> None:
    """Print how far off places are, and what is stated of them, as fitted and as told."""
    print(
        "source, kind, fitted std       n   rms mm    middle mm   90 % hold    z rms      z middle  (fitted, told)"
    )
    for source in dict.fromkeys(one.source for one in seen):
        own = np.array([one.source == source for one in seen])
        _line(source, own, seen)
    kind = np.array([one.fitted.placed for one in seen])
    std_m = np.sqrt(np.array([one.fitted.covariance_m2[2, 2] for one in seen]))
    for name in KINDS:
        _line(name, kind == name, seen)
        for low, high in itertools.pairwise(BINS_M):
            some = (kind == name) & (std_m >= low) & (std_m < high)
            _line(f"  {1e3 * low:.0f} to {1e3 * high:.0f} mm", some, seen)


def _line(name: str, own: Real, seen: Sequence[Seen]) -> None:
    which = np.flatnonzero(own)
    if not which.size:
        return
    row = []
    for places in ([one.fitted for one in seen], [one.told for one in seen]):
        off = np.array([places[k].position_m - seen[k].true_m for k in which])
        std = np.sqrt([places[k].covariance_m2[2, 2] for k in which])
        z, size = np.abs(off[:, 2]) / std, 1e3 * np.linalg.norm(off, axis=1)
        row.append((np.sqrt((size**2).mean()), np.median(size), 100 * _held(places, seen, which).mean()))
        row[-1] += (np.sqrt((z**2).mean()), np.median(z) / 0.6745)
    pairs = [f"{a:5.1f} {b:5.1f}" for a, b in zip(*row, strict=True)]
    print(f"{name:24s} {which.size:6d}  {'  '.join(pairs)}")


def _held(places: Sequence[Dipole], seen: Sequence[Seen], which: Real) -> Real:
    """Tell which true depths lie in the stated 90 %: of the posterior, where there is one."""
    out = []
    for k in which:
        one, depth = places[k], -seen[k].true_m[2]
        if one.estimate is not None:
            low, high = one.estimate.depth_interval_m(0.9)
            out.append(low <= depth <= high)
        else:
            out.append(abs(depth + one.position_m[2]) <= study_draws.Z90 * np.sqrt(one.covariance_m2[2, 2]))
    return np.array(out)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--lanes", type=int, default=360)
    parser.add_argument("--alone", type=int, default=200)
    parser.add_argument("--deep", type=int, default=60)
    parser.add_argument("--draws", type=int, default=100)
    parser.add_argument("--first", type=int, default=14_000)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--fit", action="store_true")
    asked = parser.parse_args()
    last, drawn = asked.first + asked.lanes, DRAWN_SEED + asked.first
    tasks = [("lanes", seed) for seed in range(asked.first, last)]
    tasks += [("alone", seed) for seed in range(last, last + asked.alone)]
    tasks += [("deep", seed) for seed in range(last, last + asked.deep)]
    tasks += [(name, seed) for name in study_draws.CASES for seed in range(drawn, drawn + asked.draws)]
    found = {}
    for task, answer in run_tasks(tasks, look, workers=asked.jobs, threads=1):
        if isinstance(answer, WorkerDiedError):
            raise answer
        found[task] = answer
    seen = [one for task in tasks for one in found[task]]
    if asked.fit:
        fit([one for one in seen if one.source != "deep"])
    say(seen)


if __name__ == "__main__":
    main()
