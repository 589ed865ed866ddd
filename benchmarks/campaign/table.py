"""The table of faults: a name, what it does, how severely."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING

from benchmarks.campaign import spoil as s
from benchmarks.campaign import spoil_track as t

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np

    from dualsense.scan import Scan

    Spoil = Callable[[Scan, np.random.Generator, float], Scan]

SENSORS = ("both", "gpr", "emi")
RADII_M, SPANS_S = (0.06, 0.09, 0.13), (1.0, 3.0, 8.0)


@dataclass(frozen=True)
class Kind:
    """One kind of fault.

    Attributes
    ----------
    name
        By which it is asked for.
    spoil
        Scan, generator and severity to the spoilt scan.
    severities
        How severely, in the fault's own unit.
    """

    name: str
    spoil: Spoil
    severities: tuple[float, ...]

    def between(self) -> tuple[float, ...]:
        """Other severities, half-way between neighbouring ones, and a little beyond the last."""
        own = sorted(self.severities)
        whole = all(isinstance(one, int) for one in own)
        middle = [0.5 * (a + b) for a, b in pairwise(own)]
        last = own[-1] * (0.85 if len(own) == 1 or self.severities[-1] <= 1.0 else 1.2)
        out = [*middle, last]
        return tuple(dict.fromkeys(round(one) if whole else round(one, 6) for one in out))


def _of_streams() -> list[Kind]:
    out = []
    for who in SENSORS:
        for at, sizes in (("time", SPANS_S), ("mine", RADII_M)):
            out += [
                Kind(f"frozen/{at}/{who}", partial(s.frozen, sensors=who, at=at), sizes),
                Kind(f"mean+noise/{at}/{who}", partial(s.noise_only, sensors=who, at=at), sizes),
                Kind(f"held+noise/{at}/{who}", partial(s.noise_only, sensors=who, at=at, level="line"), sizes),
                Kind(f"noise-filled/{at}/{who}", partial(s.noise_only, sensors=who, at=at, level="spread"), sizes),
                Kind(f"lost/{at}/{who}", partial(s.lost, sensors=who, at=at), sizes),
            ]
        out += [
            Kind(f"replayed/{who}", partial(s.replayed, sensors=who), SPANS_S),
            Kind(f"bursts-lost/{who}", partial(s.bursts_lost, sensors=who), (0.2, 0.5, 0.8)),
            Kind(f"every-nth-kept/{who}", partial(s.every_nth, sensors=who, how="keep"), (4, 8, 14)),
            Kind(f"every-nth-repeated/{who}", partial(s.every_nth, sensors=who, how="repeat"), (2, 4, 7)),
            Kind(f"shuffled/{who}", partial(s.shuffled, sensors=who), (4, 20, 400)),
            Kind(f"gain-step/{who}", partial(s.gain, sensors=who, at="half"), (0.1, 0.5, 2.0, -1.0)),
            Kind(f"gain-stretch/{who}", partial(s.gain, sensors=who, at="time"), (0.03, 0.2, 0.5)),
            Kind(f"gain-at-mine/{who}", partial(s.gain, sensors=who, at="mine"), (0.03, 0.2, 0.5)),
            Kind(f"gain-fades/{who}", partial(s.gain, sensors=who, at="fade"), (0.0, 0.3)),
            Kind(f"clipped/{who}", partial(s.clipped, sensors=who), (0.02, 0.1, 0.3, 0.6)),
        ]
    return out


def _of_sensors() -> list[Kind]:
    out = []
    for who in ("emi", "gpr"):
        for kind in ("hum", "beat", "wobble", "drift", "spikes", "noise"):
            out.append(Kind(f"added-{kind}/{who}", partial(s.added, sensors=who, kind=kind), (0.1, 0.4, 1.5)))
            if kind != "spikes":
                how = partial(s.added, sensors=who, kind=kind, dead=True)
                out.append(Kind(f"dead-{kind}/{who}", how, (0.02, 0.2, 1.0)))
        out.append(
            Kind(f"noise-stretch/{who}", partial(s.added, sensors=who, kind="noise", at="time"), (0.3, 1, 3))
        )
        out.append(
            Kind(
                f"dead-stretch/{who}",
                partial(s.added, sensors=who, kind="drift", at="time", dead=True),
                (0.02, 0.2),
            )
        )
    return [
        *out,
        Kind("noisy-tones-12", partial(s.noisy_tones, count=12), (0.5, 2.0, 10.0)),
        Kind("noisy-tones-50", partial(s.noisy_tones, count=50), (0.5, 2.0, 10.0)),
        Kind("noisy-tones-100", partial(s.noisy_tones, count=100), (0.5, 2.0)),
        Kind("record-short", partial(s.fewer_columns, how="first"), (0.15, 0.3, 0.5, 0.75)),
        Kind("tones-sparse", partial(s.fewer_columns, how="every"), (3, 6, 10)),
        Kind("phase-turned", partial(s.turned_phase, kind="phase"), (0.7, 1.6, 3.1)),
        Kind("delay-jumps", partial(s.turned_phase, kind="delay"), (0.1, 0.3, 1.0)),
    ]


def _of_coverage() -> list[Kind]:
    beside = (-0.03, 0.0, 0.02, 0.04)
    return [
        Kind(f"cut-{side}", partial(s.cut_beside, side=side), beside) for side in ("late", "early", "rows", "left")
    ]


def _of_clocks() -> list[Kind]:
    shifts = (-0.4, -0.2, 0.1, 0.2, 0.4)
    return [
        *(Kind(f"clock/{who}", partial(s.clock, sensors=who), shifts) for who in ("gpr", "emi", "pose")),
        *(Kind(f"clock-rate/{w}", partial(s.clock, sensors=w, rate=True), (-0.02, 0.01)) for w in ("gpr", "emi")),
    ]


def _of_heads() -> list[Kind]:
    """What only both sensors together, or stretches of one, tell."""
    aside = (-0.2, -0.1, -0.05, 0.05, 0.1, 0.2)
    return [
        *(Kind(f"lever/{w}/{a}", partial(s.lever, sensors=w, axis=n), aside) for w in ("gpr", "emi") for n, a in
          enumerate("xy")),
        *(Kind(f"lever/{w}/z", partial(s.lever, sensors=w, axis=2), (-0.05, 0.05)) for w in ("gpr", "emi")),
        *(Kind(f"interference/{w}", partial(s.interference, sensors=w, columns=n), (0.1, 1.0, 10.0))
          for w, n in (("gpr", 8), ("emi", 1))),
        Kind("coupling/gpr", s.coupling, (0.1, 0.3, 1.0)),
    ]  # fmt: skip


def _of_track() -> list[Kind]:
    steps = (-0.1, 0.05, 0.1, 0.2)
    return [
        Kind("track-stuck-rest", partial(t.stuck, rest=True), (0.3, 0.5, 0.7)),
        Kind("track-stuck", t.stuck, (0.4, 1.5, 5.0)),
        Kind("track-stuck-y", partial(t.stuck, axes="y"), (1.5, 5.0, 12.0)),
        Kind("track-stuck-x", partial(t.stuck, axes="x"), (0.4, 1.5, 5.0)),
        *(Kind(f"track-jumps-{a}", partial(t.shifted, axes=a, when="half"), steps) for a in ("x", "y", "z")),
        *(Kind(f"track-glitch-{a}", partial(t.shifted, axes=a, when="glitch"), steps) for a in ("x", "y", "z")),
        Kind("track-offset-z", partial(t.shifted, axes="z", when="all"), (-0.04, -0.03, 0.03, 0.05, 0.1, 0.3)),
        Kind("track-units-xy", partial(t.scaled, axes="xy"), (0.1, 0.3048, 0.5, 2.0, 3.2808, 10.0, 100.0)),
        Kind("track-units-xyz", partial(t.scaled, axes="xyz"), (0.1, 0.3048, 3.2808, 10.0)),
        Kind("track-units-x", partial(t.scaled, axes="x"), (0.3048, 3.2808)),
        Kind("track-units-y", partial(t.scaled, axes="y"), (0.3048, 0.5, 2.0, 3.2808)),
        *(
            Kind(f"track-stretched-{a}", partial(t.stretched, axes=a), (0.7, 1.4, 1.7, 2.0))
            for a in ("xy", "x", "y")
        ),
        Kind("track-units-z", partial(t.scaled, axes="z"), (0.1, 3.2808, 100.0)),
        Kind("track-level", t.level, (0.0, 0.05, 0.1)),
        Kind("track-noise", partial(t.noise, axes="xyz"), (0.02, 0.05, 0.1)),
        Kind("track-noise-xy", partial(t.noise, axes="xy"), (0.02, 0.05, 0.1)),
        Kind("track-wanders-xy", partial(t.noise, axes="xy", lasts_s=0.5), (0.015, 0.03, 0.06)),
        Kind("track-wanders-slowly-xy", partial(t.noise, axes="xy", lasts_s=4.0), (0.02, 0.05)),
        Kind("track-wanders-z", partial(t.noise, axes="z", lasts_s=0.5), (0.01, 0.03)),
        Kind("track-drifts-x", partial(t.drift, axes="x"), (0.05, 0.15)),
        Kind("track-drifts-y", partial(t.drift, axes="y"), (-0.2, 0.1, 0.2)),
        Kind("track-drifts-z", partial(t.drift, axes="z"), (-0.05, 0.05, 0.15)),
        Kind("track-coarse", t.coarse, (0.02, 0.05)),
        Kind("track-slow", t.slow, (0.2, 0.5, 1.0)),
    ]


def kinds() -> tuple[Kind, ...]:
    """All kinds of fault, in order."""
    return (*_of_streams(), *_of_sensors(), *_of_coverage(), *_of_clocks(), *_of_heads(), *_of_track())
