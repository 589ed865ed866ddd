"""What there is to be had of two pieces of metal close together, and why those that are missed are missed.

    python -m benchmarks.emi.study_pairs [--pairs 110] [--singles 50] [--seed 30000]

Draws are those of `study_draws`: pairs 8 to 15 cm apart, and single points, bodies and bodies in uneven soil. Of
each it tells what two leave less than one does with the track free (in what two leave), the best of all starts,
and for pairs that begun at the truth. Above a threshold single pieces are split, and pairs found: what is begun
at the truth is the most that can be had by such a threshold. A pair that is missed is put down to one cause: it
was not asked; begun at the truth two do not stay near it, or leave too little less than one, or what lies
elsewhere leaves about as little; the search ends elsewhere, or it is refused.
"""

from __future__ import annotations

import argparse
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from benchmarks.emi import study_draws

from dualsense import emi
from dualsense.emi._locate import astride
from dualsense.emi._locate import refine as refining

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from dualsense.emi._locate.together import Placed

    Real = NDArray[np.float64]

THRESHOLDS = (20.0, 25.0, 30.0, 35.0, 40.0, 45.0)
SINGLES = ("points", "bodies", "uneven")
AS_LITTLE = 6.0
"""Drops that differ by less do not tell which of two places is right: a likelihood of one in twenty."""


@dataclass(frozen=True, slots=True)
class Looked:
    """One draw: whether it is told right, and as two; what two leave less than one, and whether both are near."""

    right: bool
    split: bool
    asked: bool
    search: tuple[float, bool] = (-np.inf, False)
    truth: tuple[float, bool] = (-np.inf, False)


def near(centres: Real, places: Sequence[Real]) -> bool:
    """Tell whether each centre has a place of its own within reach."""
    left = list(places)
    for centre in centres:
        away = [float(np.linalg.norm((p - centre)[:2])) for p in left]
        if not away or min(away) > study_draws.FOUND_M:
            return False
        left.pop(int(np.argmin(away)))
    return True


def refined(rows: emi.Response) -> tuple[emi.Inversion, list[tuple[tuple[Any, ...], bool]]]:
    """Find and locate, and give what was asked whether it is two, with the answers."""
    asked: list[tuple[tuple[Any, ...], bool]] = []
    real: Callable[..., Any] = refining.apart

    def told(*args: Any, **more: Any) -> Any:
        two = real(*args, **more)
        asked.append((args, two is not None))
        return two

    refining.apart = told
    try:
        return emi.refine(rows, emi.find_dipoles(rows, np.full(6, study_draws.NOISE))), asked
    finally:
        refining.apart = real


def ends_of(track: astride.Track, starts: Sequence[Sequence[Real]]) -> Iterator[Placed]:
    """Give where two end, where that can be two pieces of metal."""
    for start in starts:
        end = track.free(start)
        if end is not None and astride.plausible(end.positions):
            yield end


def look(name: str, seed: int) -> Looked:
    """Tell of one draw what two leave less than one, from all starts and from the truth."""
    rows, centres, *_ = study_draws.draw(study_draws.CASES[name], seed)
    after, asked = refined(rows)
    right, split = near(centres, [d.position_m for d in after.dipoles]), any(two for _, two in asked)
    middle = centres.mean(axis=0)
    if not asked:
        return Looked(right, split, asked=False)
    (fit, ground, others, found, _, wide), _ = min(
        asked, key=lambda one: float(np.linalg.norm((one[0][3][0] - middle)[:2]))
    )
    track = astride.Track(fit, ground, others, wide)
    one = track.free([found[0]])
    if one is None:
        return Looked(right, split, asked=True)
    starts = [*astride.starts_beside(one.positions[0]), *([found[0], other] for other in found[1:])]
    search = list(ends_of(track, starts))
    truth = list(ends_of(track, [list(centres)])) if len(centres) == 2 else []
    likeliest = sorted(search, key=lambda end: end.misfit)[:1]
    ones = [one, *(track.free([place]) for end in likeliest for place in end.positions)]
    least = min((alone for alone in ones if alone is not None), key=lambda alone: alone.misfit)

    def best(ends: list[Placed]) -> tuple[float, bool]:
        if not ends:
            return -np.inf, False
        end = min(ends, key=lambda end: end.misfit)
        return track.drop(least, end), near(centres, list(end.positions))

    return Looked(right, split, asked=True, search=best(search), truth=best(truth))


def cause(one: Looked) -> str:
    """Tell why a pair was missed."""
    if not one.asked:
        return "not asked"
    if not one.truth[1]:
        return "begun at the truth it ends elsewhere"
    if one.truth[0] < astride.LIKELY:
        return "too faint beside one"
    if not one.search[1]:
        as_good = one.search[0] > one.truth[0] - AS_LITTLE
        return "two elsewhere leave as little" if as_good else "the search ends elsewhere"
    return "split, elsewhere" if one.split else "refused"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--pairs", type=int, default=110)
    parser.add_argument("--singles", type=int, default=50)
    parser.add_argument("--seed", type=int, default=30000)
    asked = parser.parse_args()
    pairs = [look("pairs", n) for n in range(asked.seed, asked.seed + asked.pairs)]
    singles = [look(name, n) for name in SINGLES for n in range(asked.seed, asked.seed + asked.singles)]
    right, split = sum(one.right for one in pairs), sum(one.split for one in singles)
    print(
        f"{right} of {len(pairs)} pairs within {100 * study_draws.FOUND_M:.1f} cm; {split} of {len(singles)} split"
    )
    print("two leave less by    begun at the truth, near    by the search, near    single pieces")
    for least in THRESHOLDS:
        had, by_search = (
            sum(of[0] > least and of[1] for of in ends)
            for ends in ([one.truth for one in pairs], [one.search for one in pairs])
        )
        print(f"{least:16.0f} {had:28d} {by_search:22d} {sum(one.search[0] > least for one in singles):16d}")
    for why, count in Counter(cause(one) for one in pairs if not one.right).most_common():
        print(f"missed: {why:40s} {count:4d}")


if __name__ == "__main__":
    main()
