"""The rule by which a change is called a loss: paired runs in turns, the median of ratios, and a second opinion.

Old and new code run in turns on one machine; each pair gives a ratio, new over old. The bound below the median of
the ratios is an order statistic: with n pairs the k-th smallest ratio lies above the true median with probability
P(X < k), X ~ Binomial(n, 1/2), whatever the ratios' distribution. A quantity is lost when that bound, at the
error `ERROR`, is beyond its tolerance, and again so in a second round of as many pairs, run only where the
first says no. With fifteen pairs the bound is the fifth ratio from below: four runs may be spoilt by others. So
a quantity of which five ratios lie within the tolerance is not lost, whatever the pairs to come: `settled`.
"""

from __future__ import annotations

import math
import random
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

ERROR = 0.1
PAIRS = 15
ROUNDS = 2


def lower_bound(ratios: Sequence[float], error: float = ERROR) -> float:
    """Give the order statistic below the median: the largest that is above it with at most this probability.

    -inf where there are too few ratios for any.
    """
    k = _rank(len(ratios), error)
    return -math.inf if k == 0 else sorted(ratios)[k - 1]


def _rank(n: int, error: float) -> int:
    below, k = 0.0, 0
    while k < n:
        below += math.comb(n, k) * 0.5**n
        if below > error:
            break
        k += 1
    return k


def upper_bound(ratios: Sequence[float], error: float = ERROR) -> float:
    """Give the order statistic above the median."""
    return -lower_bound([-ratio for ratio in ratios], error)


def lost(ratios: Mapping[str, Sequence[float]], tolerance: Callable[[str], float]) -> set[str]:
    """Name the quantities whose median is beyond the tolerance, as far as one round can tell."""
    return {name for name, each in ratios.items() if lower_bound(each) > tolerance(name)}


def settled(ratios: Mapping[str, Sequence[float]], tolerance: Callable[[str], float], pairs: int = PAIRS) -> bool:
    """Tell whether nothing can be lost any more in a round of so many pairs, of which these are the first."""
    needed = _rank(pairs, ERROR)
    return all(sum(ratio <= tolerance(name) for ratio in each) >= needed for name, each in ratios.items())


def decide(
    measure: Callable[[], Mapping[str, Sequence[float]]], tolerance: Callable[[str], float], rounds: int = ROUNDS
) -> tuple[dict[str, float], list[Mapping[str, Sequence[float]]]]:
    """Measure up to so many rounds, and give what every one of them calls lost, with the median of its last.

    Ratios of all rounds that were run come along.
    """
    measured = [measure()]
    losses = lost(measured[0], tolerance)
    while losses and len(measured) < rounds:
        measured.append(measure())
        losses &= lost(measured[-1], tolerance)
    return {name: median(measured[-1][name]) for name in sorted(losses)}, measured


def said_no(
    slowdown: float,
    noise: float,
    *,
    tolerance: float,
    quantities: int = 1,
    pairs: int = PAIRS,
    rounds: int = ROUNDS,
    trials: int = 2000,
    seed: int = 1,
) -> float:
    """Simulate the rule: how often it says no, when the first of some quantities costs so many times as much.

    Logarithms of times are normal about their means, with this standard deviation, and every twentieth run takes
    half as long again, because something else happened.
    """
    draw = random.Random(seed)

    def run(cost: float) -> float:
        return cost * math.exp(draw.gauss(0.0, noise)) * (1.5 if draw.random() < 0.05 else 1.0)

    def measure() -> dict[str, list[float]]:
        costs = [slowdown] + [1.0] * (quantities - 1)
        return {str(n): [run(cost) / run(1.0) for _ in range(pairs)] for n, cost in enumerate(costs)}

    return sum(bool(decide(measure, lambda _name: tolerance, rounds)[0]) for _ in range(trials)) / trials
