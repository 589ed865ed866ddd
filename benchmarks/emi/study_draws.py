"""How true places and error bars of metal are, from finding to told depths, on data of another forward model.

    python -m benchmarks.emi.study_draws [--draws 60] [--seed 0] [--only points bodies pairs uneven]
                                         [--without track slow white soil drift] [--as-located] [--as-fitted]
                                         [--known]

Coils are polygons whose fields are summed wire by wire; metal is what no one dipole is: two or three dipoles of
one material up to 2 cm apart, or a ring of eight. Soil is the coils' image by elliptic integrals, times a smooth
random field of place; drift is a random quartic; half of the variance of the track's error lasts half a second.
Told are root mean squares along x, y and depth in mm, the mean error of depth (too deep is positive), errors over
stated deviations, how many depths lie in the stated 90 % interval, and for points the bound of Cramér and Rao of
all that can be drawn, with tensor, soil and drift free. A pair is found when each of the two has a dipole of its
own within 3.5 cm.
``--without`` takes causes of error away, one or several: the track's whole error, the half that lasts (all of it
is new in each row then), the half that is new in each row, soil, drift. ``--as-located`` leaves out what the
recipe's ``emi.locate.together`` does, which is to place once more with everything free; ``--as-fitted`` what
``emi.depth`` does, which is to tell depths with how far fits err. ``--known`` tells instead what there is to be
had of pairs: places begun at the truth with the track free, how much less two leave than one does then, and how
often both would be near by that bound.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from dualsense import emi, induction

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Real = NDArray[np.float64]

HZ = np.array([2400.0, 9600.0, 38400.0])
TX_M, RX_M = 0.10, 0.08
CORNERS = 48
MU0 = 4e-7 * np.pi
STEP_M = 1e-4
LASTS_S = 0.5
PAIRS = ((0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2))
FOUND_M = 0.035
MANY = 4000
NOISE = 2e-8
Z90 = 1.6449


@dataclass(frozen=True, slots=True)
class Case:
    """What is drawn: dipoles to a body, how many bodies, error of the track, and the soil's unevenness."""

    kinds: tuple[str, ...]
    bodies: int = 1
    jitter_m: float = 0.003
    soil: float = 4e-3
    uneven: float = 0.0


CASES = {
    "points": Case(("point",)),
    "bodies": Case(("two", "three", "ring")),
    "uneven": Case(("point", "two", "ring"), uneven=0.1),
    "pairs": Case(("point",), bodies=2),
}


def loop_field(radius_m: float, at_m: Real) -> Real:
    """Field (n, 3) in A/m of one ampere in a polygon of a circle's area: Biot and Savart's sum over wires."""
    angle = 2.0 * np.pi * np.arange(CORNERS + 1) / CORNERS
    radius = radius_m * np.sqrt(2.0 * np.pi / (CORNERS * np.sin(2.0 * np.pi / CORNERS)))
    corner = radius * np.column_stack([np.cos(angle), np.sin(angle), np.zeros(CORNERS + 1)])
    a, b = (at_m[:, None] - corner[None, i : CORNERS + i] for i in (0, 1))
    la, lb = np.linalg.norm(a, axis=2), np.linalg.norm(b, axis=2)
    # a straight wire from end to end, exactly
    factor = (la + lb) / (la * lb * (la * lb + np.einsum("nki,nki->nk", a, b)))
    field: Real = (np.cross(a, b) * factor[..., None]).sum(axis=1) / (4.0 * np.pi)
    return field


def columns(coils_m: Real, place_m: Real) -> Real:
    """What level coils receive (m, 6) of the six unit tensors at a place."""
    at = place_m - coils_m
    sent, heard = loop_field(TX_M, at), loop_field(RX_M, at)
    both = [sent[:, i] * heard[:, j] for i, j in PAIRS]
    crossed = [sent[:, j] * heard[:, i] for i, j in PAIRS]
    return np.column_stack([b if i == j else b + c for b, c, (i, j) in zip(both, crossed, PAIRS, strict=True)])


def image(height_m: Real) -> Real:
    """Mutual inductance of level coaxial coils with their image, by elliptic integrals (Maxwell)."""
    from scipy.special import ellipe, ellipk

    m = 4.0 * TX_M * RX_M / ((TX_M + RX_M) ** 2 + (2.0 * height_m) ** 2)
    k = np.sqrt(m)
    coupling: Real = MU0 * np.sqrt(TX_M * RX_M) * ((2.0 / k - k) * ellipk(m) - 2.0 / k * ellipe(m))
    return coupling


def slow(rng: np.random.Generator, time_s: Real, lasts_s: float) -> Real:
    """Smooth noise of unit variance: sixty waves of random frequency and phase."""
    hz = rng.standard_normal(60) / (2.0 * np.pi * lasts_s)
    return np.sqrt(2.0 / 60.0) * np.cos(2.0 * np.pi * (np.outer(time_s, hz) + rng.random(60))).sum(axis=1)


def sweep(rng: np.random.Generator) -> tuple[Real, Real]:
    """Times (m,) and true places (m, 3) of the coils: 45 by 40 cm, lines 3.5 cm apart, heights that wander."""
    along, lines = np.arange(0.0, 0.451, 0.015), np.arange(0.0, 0.401, 0.035)
    x = np.concatenate([along if n % 2 == 0 else along[::-1] for n in range(lines.size)])
    y = np.repeat(lines, along.size)
    t = 0.05 * np.arange(x.size)
    z = np.maximum(0.05 + 0.007 * slow(rng, t, 0.8), 0.02)
    return t, np.column_stack([x, y + 0.004 * slow(rng, t, 0.8), z])


def spectrum(rng: np.random.Generator) -> Real:
    """Elements (6, 6) over the channels of a spheroid of steel or aluminium, of any shape and turn."""
    axes, _ = np.linalg.qr(rng.standard_normal((3, 3)))
    steel, size = rng.random() < 0.5, rng.uniform(3e-3, 10e-3)
    spheroid = induction.spheroid_spectrum(
        semi_axis_m=size,
        polar_semi_axis_m=size * np.exp(rng.uniform(np.log(0.3), np.log(3.0))),
        conductivity_s_m=5e6 if steel else 3.5e7,
        relative_permeability=100.0 if steel else 1.0,
    )
    tensor = induction.polarizability(induction.rotate_spectrum(spheroid, axes * np.linalg.det(axes)), HZ)
    parts = np.concatenate([tensor.real, tensor.imag])
    return np.stack([parts[:, i, j] for i, j in PAIRS])


def body(rng: np.random.Generator, kind: str) -> tuple[Real, Real]:
    """Offsets (n, 3) of a body's dipoles from its centre, and their elements (n, 6, c)."""
    if kind == "point":
        return np.zeros((1, 3)), spectrum(rng)[None]
    if kind == "ring":
        angle, radius = 2.0 * np.pi * np.arange(8) / 8, rng.uniform(0.01, 0.025)
        turn, _ = np.linalg.qr(np.eye(3) + 0.3 * rng.standard_normal((3, 3)))
        offsets = radius * np.column_stack([np.cos(angle), np.sin(angle), np.zeros(8)]) @ turn.T
        return offsets, np.repeat(spectrum(rng)[None], 8, axis=0)
    n = 2 if kind == "two" else 3
    offsets, share = rng.uniform(-0.01, 0.01, (n, 3)), rng.uniform(0.5, 1.5, n)
    material = spectrum(rng)
    offsets -= (share[:, None] * offsets).sum(axis=0) / share.sum()
    return offsets, share[:, None, None] * material


WITHOUT = ("track", "slow", "white", "soil", "drift")
EXACT_STD_M = 2e-4


def draw(
    case: Case, seed: int, without: frozenset[str] = frozenset()
) -> tuple[emi.Response, Real, Real, list[Real]]:
    """Rows as told, centres (n, 3) of bodies, the coils' true places, and elements of each one's first dipole."""
    rng = np.random.default_rng([seed, 16])
    t, coils = sweep(rng)
    middle = np.array([rng.uniform(0.14, 0.31), rng.uniform(0.12, 0.28)])
    centres = np.array([[*middle, -rng.uniform(0.025, 0.10)]])
    if case.bodies == 2:
        apart, angle = rng.uniform(0.08, 0.15), rng.uniform(0.0, 2.0 * np.pi)
        half = 0.5 * apart * np.array([np.cos(angle), np.sin(angle)])
        centres = np.array([[*(middle + s * half), -rng.uniform(0.025, 0.08)] for s in (-1.0, 1.0)])
    values = np.zeros((t.size, 6))
    peak = np.exp(rng.uniform(np.log(30.0), np.log(1000.0)))
    first = []
    for n, centre in enumerate(centres):
        offsets, elements = body(rng, case.kinds[int(rng.integers(len(case.kinds)))])
        one = sum(columns(coils, centre + o) @ e for o, e in zip(offsets, elements, strict=True))
        loud = np.abs(one).max()
        scale = NOISE * peak * np.exp(rng.uniform(-1.0, 0.0) * n) / loud
        values += scale * one
        first.append(scale * elements[0])
    ground = soil(rng, case, coils)
    drift = NOISE * (20.0 * np.polynomial.polynomial.polyval(t / t[-1], rng.standard_normal((5, 6))).T)
    values += ("soil" not in without) * ground + ("drift" not in without) * drift
    values += NOISE * rng.standard_normal(values.shape)
    lasting, new = np.column_stack([slow(rng, t, LASTS_S) for _ in range(3)]), rng.standard_normal((t.size, 3))
    error = new if "slow" in without else lasting if "white" in without else np.sqrt(0.5) * (lasting + new)
    std = EXACT_STD_M if "track" in without else case.jitter_m
    told = coils + ("track" not in without) * std * error
    return rows_at(t, told, values, std), centres, coils, first


def soil(rng: np.random.Generator, case: Case, coils: Real) -> Real:
    """Response (m, 6) of magnetic ground, stronger here and weaker there."""
    if not case.soil:
        return np.zeros((len(coils), 6))
    k = rng.standard_normal((40, 2)) / 0.15
    field = np.sqrt(2.0 / 40.0) * np.cos(coils[:, :2] @ k.T + 2.0 * np.pi * rng.random(40)).sum(axis=1)
    return even_soil(case, coils[:, 2], 1.0 + case.uneven * field)


def even_soil(case: Case, height_m: Real, stronger: Real | float = 1.0) -> Real:
    """Response (m, 6) of magnetic ground at heights (m,), so many times as strong."""
    chi = np.concatenate([np.array([1.0, 0.94, 0.88]), -np.full(3, 0.05)]) * case.soil / 2.0
    return np.outer(image(height_m) * stronger / MU0, chi)


def rows_at(t: Real, at_m: Real, values: Real, std_m: float) -> emi.Response:
    """Rows of level coaxial coils."""
    m = t.size
    return emi.Response(
        time_s=t,
        values=values,
        channel_hz=np.tile(HZ, 2),
        imaginary=np.repeat([False, True], 3),
        coil=np.zeros(m, np.intp),
        center_m=at_m,
        tx_m=at_m,
        rx_m=at_m,
        rotation=np.broadcast_to(np.eye(3), (m, 3, 3)),
        position_std_m=np.full((m, 3), std_m),
        count=np.ones(m),
        tx_radius_m=np.array([TX_M]),
        rx_radius_m=np.array([RX_M]),
    )


def pushed(coils: Real, centres: Real, elements: Sequence[Real], case: Case) -> tuple[Real, Real]:
    """How rows change, in noise, with points' places (n, 3, m, 6), and with an error of theirs (3, m, 6)."""
    slopes = []
    for place, own in zip(centres, elements, strict=True):
        moves = [columns(coils, place + e) - columns(coils, place - e) for e in STEP_M * np.eye(3)]
        slopes.append(np.stack([one @ own / (2.0 * STEP_M) for one in moves]) / NOISE)
    error: Real = np.sum(slopes, axis=0)
    lifted = even_soil(case, coils[:, 2] + STEP_M) - even_soil(case, coils[:, 2] - STEP_M)
    error[2] -= lifted / (2.0 * STEP_M * NOISE)
    return np.stack(slopes), error


def bound(
    coils: Real,
    t: Real,
    centres: Real,
    elements: Sequence[Real],
    case: Case,
    nuisance: Real,
    without: frozenset[str] = frozenset(),
) -> Real:
    """Covariance (3 n, 3 n) of points' places by Cramér and Rao, with tensors, soil and drift free.

    The track's error is what is drawn; it moves what rows hear of the points and of even soil, and its covariance
    is known.
    """
    case = replace(case, soil=0.0) if "soil" in without else case
    slopes, error = pushed(coils, centres, elements, case)
    lasts, new = np.exp(-0.5 * ((t[:, None] - t) / LASTS_S) ** 2), np.eye(t.size)
    track = new if "slow" in without else lasts if "white" in without else 0.5 * (lasts + new)
    together = np.kron(case.jitter_m**2 * track, np.ones((6, 6)))
    covariance = np.eye(6 * t.size)
    for one in () if "track" in without else error:
        covariance += together * np.outer(one.ravel(), one.ravel())
    free = np.column_stack([*(columns(coils, place) for place in centres), nuisance])
    free /= np.linalg.norm(free, axis=0)
    unknown = np.concatenate([slopes.reshape(-1, 6 * t.size), np.kron(free.T, np.eye(6))])
    information = unknown @ np.linalg.solve(covariance, unknown.T)
    scale = np.sqrt(np.diag(information))
    inverse = np.linalg.pinv(information / np.outer(scale, scale), rcond=1e-12, hermitian=True)
    places = slice(3 * len(centres))
    out: Real = (inverse / np.outer(scale, scale))[places, places]
    return out


def trial(
    name: str, seed: int, without: frozenset[str] = frozenset(), *, together: bool = True, tell: bool = True
) -> dict[str, object]:
    """One draw: errors (n, 3) of what lies nearest, stated deviations, whether intervals hold, and the bound."""
    case = CASES[name]
    rows, centres, coils, elements = draw(case, seed, without)
    began = time.process_time()
    found = emi.find_dipoles(rows, np.full(6, NOISE))
    refined = emi.refine(rows, found, together=together)
    spent = time.process_time() - began
    every, out = list(refined.dipoles), []
    if tell:
        every = list(emi.told_depths(every, rows))
    for centre in centres:
        if not every:
            continue
        n = int(np.argmin([np.linalg.norm((d.position_m - centre)[:2]) for d in every]))
        dipole = every.pop(n)
        error = dipole.position_m - centre
        if np.linalg.norm(error[:2]) > FOUND_M:
            continue
        low, high = (np.nan, np.nan) if dipole.estimate is None else dipole.estimate.depth_interval_m(0.9)
        out.append(
            {
                "error": error,
                "std": np.sqrt(np.diag(dipole.covariance_m2)),
                "located": dipole.estimate is not None,
                "inside": low <= -centre[2] <= high,
            }
        )
    limit = None
    if name == "points" and any(one["located"] for one in out):  # as many as there are errors
        limit = np.diag(bound(coils, rows.time_s, centres, elements, case, refined.balance.basis, without))
    return {"seen": out, "all": len(out) == len(centres), "more": len(every), "bound": limit, "seconds": spent}


def known(seed: int) -> tuple[bool, float, float, float]:
    """Tell of a pair begun at the truth whether both stay near, what two leave less than one, and its peak.

    And how often both would be near, were their errors as small as Cramér and Rao's bound allows.
    """
    from dualsense.emi._locate.settled import Settled
    from dualsense.emi._locate.together import ground_of, placed

    case = CASES["pairs"]
    rows, centres, coils, elements = draw(case, seed)
    noise = np.full(6, NOISE)
    balance = emi.balance(rows, noise)
    least = bound(coils, rows.time_s, centres, elements, case, balance.basis)
    drawn = np.random.default_rng(seed).multivariate_normal(np.zeros(6), least, MANY).reshape(MANY, 2, 3)
    allowed = float((np.linalg.norm(drawn[..., :2], axis=2) <= FOUND_M).all(axis=1).mean())
    fit = Settled.of_ground(rows, balance)
    two = fit.beside(list(centres))
    loud = max(np.abs(two.places[n].columns.T @ two.part(n)).max() for n in range(2)) / NOISE
    order, ground = np.argsort(rows.time_s, kind="stable"), ground_of(two)
    starts = [centres.mean(axis=0), *(d.position_m for d in emi.find_dipoles(rows, noise).dipoles[:1])]
    ones = [placed(fit.beside([start]), ground, [0], order, rough=True) for start in starts]
    both = placed(two, ground, [0, 1], order, rough=True)
    if both is None:
        return False, np.nan, loud, allowed
    away = np.linalg.norm((both.positions - centres)[:, :2], axis=1)
    left = min((one.misfit for one in ones if one is not None), default=np.nan)
    return bool((away <= FOUND_M).all()), rows.values.size * (left - both.misfit), loud, allowed


def say_known(seeds: range) -> None:
    """Print what there is to be had of pairs."""
    all_ = [known(seed) for seed in seeds]
    near, gain, loud, allowed = (np.array(column) for column in zip(*all_, strict=True))
    print(f"pairs    {len(all_):4d} both within {100 * FOUND_M:.1f} cm, begun at the truth: {near.mean():.0%}")
    print(f"  were errors as small as the bound allows: {allowed.mean():.0%}")
    for least in (0.0, 20.0, 40.0, 80.0):
        clear = gain > least
        print(f"  two leave less by over {least:3.0f}: {clear.mean():.0%}, and near {(clear & near).mean():.0%}")
    print(
        "  gain of each: " + " ".join(f"{g:.0f}" for g in gain) + "; peak: " + " ".join(f"{p:.0f}" for p in loud)
    )


def told(name: str, trials: list[dict[str, object]]) -> str:
    """One line of the table."""
    seen = [one for trial_ in trials for one in trial_["seen"]]  # type: ignore[attr-defined]
    kept = [one for one in seen if one["located"]]
    if not kept:
        return f"{name:8s} nothing located"
    error, std = (np.array([one[key] for one in kept]) for key in ("error", "std"))
    rms = 1e3 * np.sqrt((error**2).mean(axis=0))
    middle = 1e3 * np.median(np.abs(error), axis=0)
    z = np.sqrt(((error / std) ** 2).mean(axis=0))
    robust = np.median(np.abs(error / std), axis=0) / 0.6745
    inside = 100.0 * np.mean([one["inside"] for one in kept])
    both = 100.0 * np.mean([bool(t["all"]) for t in trials])
    limits = [t["bound"] for t in trials if t["bound"] is not None]
    line = (
        f"{name:8s} {len(trials):4d} {both:6.0f}% {len(kept):5d}/{len(seen):<4d}"
        f" {rms[0]:5.1f} {rms[1]:5.1f} {rms[2]:5.1f}  {middle[2]:5.1f}  {-1e3 * error[:, 2].mean():5.1f}"
        f"  {z[0]:4.1f} {z[1]:4.1f} {z[2]:4.1f}  {robust[0]:4.1f} {robust[1]:4.1f} {robust[2]:4.1f} {inside:6.0f}%"
    )
    line += f" {1e3 * np.sqrt(np.mean(limits, axis=0)[2]):6.1f}" if limits else "      -"
    line += f" {np.mean([t['more'] for t in trials]):5.2f} {np.median([t['seconds'] for t in trials]):6.2f}"  # type: ignore[arg-type]
    return line


HEADER = (
    "         draws  found located   rms x     y  depth  median  bias  z x  y  depth   by medians      inside"
    "  bound  more seconds"
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--draws", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", nargs="+", choices=CASES, default=list(CASES))
    parser.add_argument("--without", nargs="+", choices=WITHOUT, default=[])
    parser.add_argument("--as-located", action="store_true")
    parser.add_argument("--as-fitted", action="store_true")
    parser.add_argument("--known", action="store_true")
    asked = parser.parse_args()
    if asked.known:
        say_known(range(asked.seed, asked.seed + asked.draws))
        return
    without = frozenset(asked.without)
    how = {"together": not asked.as_located, "tell": not asked.as_fitted}
    print(HEADER)
    for name in asked.only:
        seeds = range(asked.seed, asked.seed + asked.draws)
        print(told(name, [trial(name, n, without, **how) for n in seeds]), flush=True)


if __name__ == "__main__":
    main()
