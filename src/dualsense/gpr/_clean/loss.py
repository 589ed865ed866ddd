"""What a step costs a target: a known echo is put in, and what is left of it is measured."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from dualsense.constants import C0_M_S
from dualsense.gpr._clean.background import alignment, remove_background
from dualsense.gpr._rays.traveltime import MIN_HEIGHT_M, refracted_time
from dualsense.gpr._soundings import pick_rows

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from dualsense.gpr._clean.surface import Surface
    from dualsense.gpr._soundings import Soundings

Body = Literal["flat", "point"]
SMALL_MINE_M = 0.06
"""Diameter of an M14, the smallest mine that is common."""
LOSS_TONES = 24


def target_loss(
    step: Callable[[Soundings], Soundings],
    soundings: Soundings,
    surface: Surface,
    *,
    width_m: float = SMALL_MINE_M,
    body: Body = "flat",
    depth_m: float = 0.05,
    relative_permittivity: float = 5.5,
    strength: float = 1.0,
    without: Soundings | None = None,
) -> float:
    """Part of a body's energy that a step takes away.

    The step runs twice, with and without the echo, and the energy of the difference of its outputs is compared
    with that of the echo. For a linear step that is the response to the echo alone; for a median or a low-rank
    method it is what the echo adds to *this* scan at this strength, and differs from scan to scan.

    Parameters
    ----------
    step
        Any function of soundings to soundings over the same frequencies that leaves amplitudes as they are.
    soundings
        What the step is given; the echo is put into them.
    surface
        To align the echo with.
    width_m
        flat: full width at half maximum.
    body
        "flat" is a reflector parallel to the surface under the middle of the track, a Gaussian of ``width_m`` over
        the soundings around it: the worst case, since nothing but its width tells it from a layer. "point" is a
        point scatterer with its hyperbola through the refracting surface and the amplitude of both legs'
        spreading.
    depth_m, relative_permittivity
        Of the body, and of the soil over it.
    strength
        Largest amplitude, relative to the root mean square of the soundings.
    without
        What the step makes of the soundings as they are, where that is known already.

    Returns
    -------
    float
        0 (nothing lost) to 1. A step that makes the echo larger has lost nothing.
    """
    if soundings.time_s.size == 0:
        return 0.0
    echo = _echo(soundings, surface, width_m, body, depth_m, relative_permittivity)
    level = float(np.sqrt((np.abs(soundings.spectrum) ** 2).mean())) or 1.0
    echo *= strength * level
    injected = replace(soundings, spectrum=soundings.spectrum + echo)
    answer = step(injected).spectrum - (step(soundings) if without is None else without).spectrum
    kept = float((np.abs(answer) ** 2).sum())
    return float(np.clip(1.0 - kept / float((np.abs(echo) ** 2).sum()), 0.0, 1.0))


def background_loss(
    soundings: Soundings,
    surface: Surface,
    *,
    width_m: float = SMALL_MINE_M,
    body: Body = "flat",
    depth_m: float = 0.05,
    relative_permittivity: float = 5.5,
    **options: Any,
) -> float:
    """:func:`target_loss` of :func:`dualsense.gpr.remove_background`, at little cost.

    At most ``LOSS_TONES`` tones, evenly over the band, stand for all; and for a moving method the soundings in
    reach of the body, since the others do not change.

    Parameters
    ----------
    soundings, surface
        n soundings, and the surface to align the echo with.
    width_m, body, depth_m, relative_permittivity
        The echo: as for :func:`target_loss`.
    options
        Those of the background removal.

    Returns
    -------
    float
        0 where nothing is lost, 1 where all of it is.
    """
    near = np.ones(soundings.time_s.size, dtype=bool)
    moving = str(options.get("method", "moving-median")).startswith("moving")
    if moving and body == "flat" and near.size:
        reach_m = 2.5 * float(options.get("radius_m", 0.12)) + 2.0 * width_m
        near = _distance2(soundings) <= reach_m**2
    tones = slice(None, None, max(1, -(-soundings.frequency_hz.size // LOSS_TONES)))
    some = pick_rows(soundings, near)
    few = replace(some, frequency_hz=some.frequency_hz[tones], spectrum=some.spectrum[:, tones])
    part = replace(
        surface,
        height_m=surface.height_m[near],
        path_m=surface.path_m[near],
        echo=surface.echo[near, tones],
        unexplained=surface.unexplained[near],
    )
    return target_loss(
        lambda s: remove_background(s, part, **options),
        few,
        part,
        width_m=width_m,
        body=body,
        depth_m=depth_m,
        relative_permittivity=relative_permittivity,
    )


def _distance2(soundings: Soundings) -> NDArray[np.float64]:
    """Squared distance (n,) from the sounding nearest to the middle of the track."""
    xy = soundings.midpoint_m[:, :2]
    centre = xy[np.argmin(((xy - np.median(xy, axis=0)) ** 2).sum(axis=1))]
    square: NDArray[np.float64] = ((xy - centre) ** 2).sum(axis=1)
    return square


def _echo(
    soundings: Soundings,
    surface: Surface,
    width_m: float,
    body: Body,
    depth_m: float,
    relative_permittivity: float,
) -> NDArray[np.complex128]:
    """Spectra (n, k) of a body with the spectrum of the surface echo, as far as that is known; largest size 1."""
    n, f = soundings.time_s.size, soundings.frequency_hz
    distance2 = _distance2(soundings)
    if body == "flat":
        size = np.exp(-4.0 * np.log(2.0) * distance2 / width_m**2)
        delay = 2.0 * depth_m * np.sqrt(relative_permittivity) / C0_M_S
        phase = alignment(soundings, surface).conj() * np.exp(-2j * np.pi * f * delay)
    else:
        place = soundings.midpoint_m[np.argmin(distance2), :2]
        lift = surface.height_m - soundings.midpoint_m[:, 2]
        legs = np.empty((2, n))
        for leg, antenna in zip(legs, (soundings.tx_m, soundings.rx_m), strict=True):
            rho = np.hypot(*(antenna[:, :2] - place).T)
            height = np.maximum(antenna[:, 2] + lift, MIN_HEIGHT_M)
            for i in range(n):
                leg[i] = refracted_time(rho[i], height[i], depth_m, relative_permittivity=relative_permittivity)
        size = 1.0 / (legs[0] * legs[1])
        size /= size.max()
        phase = np.exp(-2j * np.pi * f * legs.sum(axis=0)[:, None])
    if not surface.fitted:
        shape = np.ones((n, f.size), np.complex128)
    else:
        level = np.sqrt((np.abs(surface.echo) ** 2).mean(axis=1, keepdims=True))
        shape = surface.echo / np.maximum(level, np.finfo(float).tiny)
    echo: NDArray[np.complex128] = size[:, None] * shape * phase
    return echo
