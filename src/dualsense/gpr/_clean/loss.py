"""What a step costs a target: a known echo is put in, and what is left of it is measured."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from dualsense.constants import C0_M_S
from dualsense.gpr._clean.background import remove_background, settled
from dualsense.gpr._clean.moving import RADIUS_M, REACH, Average, Moving, alignment, turns
from dualsense.gpr._rays.traveltime import MIN_HEIGHT_M, refracted_times
from dualsense.gpr._soundings import pick_rows

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from dualsense.gpr._clean.surface import Surface
    from dualsense.gpr._soundings import Soundings

Body = Literal["flat", "point"]
BODIES: tuple[Body, Body] = ("flat", "point")
SMALL_MINE_M = 0.06
"""Diameter of an M14, the smallest mine that is common."""
LOSS_TONES = 24
DEPTH_M, SOIL = 0.05, 5.5
"""Where a body lies, and the permittivity above it, unless they are given."""


def target_loss(
    step: Callable[[Soundings], Soundings],
    soundings: Soundings,
    surface: Surface,
    *,
    width_m: float = SMALL_MINE_M,
    body: Body = "flat",
    depth_m: float = DEPTH_M,
    relative_permittivity: float = SOIL,
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
    echo = _echo(soundings, surface, width_m, body, depth_m, relative_permittivity, strength)
    injected = replace(soundings, spectrum=soundings.spectrum + echo)
    answer = step(injected).spectrum - (step(soundings) if without is None else without).spectrum
    return _lost(echo, answer)


def _lost(echo: NDArray[np.complex128], answer: NDArray[np.complex128]) -> float:
    """Part of an echo's energy that is not in the answer to it."""
    kept = float((np.abs(answer) ** 2).sum())
    return float(np.clip(1.0 - kept / float((np.abs(echo) ** 2).sum()), 0.0, 1.0))


def background_loss(
    soundings: Soundings,
    surface: Surface,
    *,
    width_m: float = SMALL_MINE_M,
    body: Body = "flat",
    depth_m: float = DEPTH_M,
    relative_permittivity: float = SOIL,
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
    tones = _few_tones(soundings)
    every = np.ones(soundings.time_s.size, dtype=bool)
    few, part = _some(soundings, surface, every, tones)
    method: Any = settled(options.get("method", "auto"), surface, options.get("along_m"))
    of_body = (width_m, body, depth_m, relative_permittivity)
    if method in get_args(Average) and every.any():
        moving = Moving.of(few, part, method, float(options.get("radius_m", RADIUS_M)))
        return _moving_loss(moving, part, slice(None), *of_body)
    return target_loss(
        lambda s: remove_background(s, part, **options),
        few,
        part,
        width_m=width_m,
        body=body,
        depth_m=depth_m,
        relative_permittivity=relative_permittivity,
    )


def remove_background_with_losses(
    soundings: Soundings, surface: Surface, **options: Any
) -> tuple[Soundings, float, float]:
    """:func:`dualsense.gpr.remove_background`, and what it costs a flat and a point-like small mine.

    The same as three calls, but that a moving method finds the neighbours and averages of the soundings once.

    Parameters
    ----------
    soundings, surface
        n soundings over k frequencies, and the surface that was fitted to them.
    options
        Those of the background removal.

    Returns
    -------
    Soundings
        What is left.
    flat, point : float
        Loss of either body, as from :func:`background_loss`.
    """
    method: Any = settled(options.get("method", "auto"), surface, options.get("along_m"))
    if method not in get_args(Average) or soundings.time_s.size == 0:
        flat, point = (background_loss(soundings, surface, body=body, **options) for body in BODIES)
        return remove_background(soundings, surface, **options), flat, point
    moving = Moving.of(soundings, surface, method, float(options.get("radius_m", RADIUS_M)))
    tones = _few_tones(soundings)
    flat, point = (_moving_loss(moving, surface, tones, SMALL_MINE_M, body, DEPTH_M, SOIL) for body in BODIES)
    return moving.removed(), flat, point


def _moving_loss(
    moving: Moving,
    surface: Surface,
    tones: slice,
    width_m: float,
    body: Body,
    depth_m: float,
    relative_permittivity: float,
) -> float:
    """Loss of an echo in some tones; a flat body's is looked for where it is in reach, since the rest stays."""
    soundings = moving.soundings
    near = np.ones(soundings.time_s.size, dtype=bool)
    if body == "flat":
        near = _distance2(soundings) <= (REACH * moving.windows[0].radius_m + 2.0 * width_m) ** 2
    echo = _echo(*_some(soundings, surface, near, tones), width_m, body, depth_m, relative_permittivity, 1.0)
    return _lost(echo, moving.answer(echo, near, tones))


def _few_tones(soundings: Soundings) -> slice:
    """Tones that stand for all."""
    return slice(None, None, max(1, -(-soundings.frequency_hz.size // LOSS_TONES)))


def _some(
    soundings: Soundings, surface: Surface, rows: NDArray[np.bool_], tones: slice
) -> tuple[Soundings, Surface]:
    """Take some soundings at some tones."""
    some = pick_rows(replace(soundings, spectrum=soundings.spectrum[:, tones]), rows)
    return replace(some, frequency_hz=some.frequency_hz[tones]), replace(
        surface,
        height_m=surface.height_m[rows],
        path_m=surface.path_m[rows],
        echo=surface.echo[rows, tones],
        unexplained=surface.unexplained[rows],
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
    strength: float,
) -> NDArray[np.complex128]:
    """Spectra (n, k) of a body with the spectrum of the surface echo, as far as that is known.

    Its largest size is ``strength``, relative to the root mean square of the soundings.
    """
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
            leg[:] = refracted_times(rho, height, depth_m, relative_permittivity=relative_permittivity)
        size = 1.0 / (legs[0] * legs[1])
        size /= size.max()
        phase = turns(np.multiply.outer(-legs.sum(axis=0), f))
    if not surface.fitted:
        shape = np.ones((n, f.size), np.complex128)
    else:
        level = np.sqrt((np.abs(surface.echo) ** 2).mean(axis=1, keepdims=True))
        shape = surface.echo / np.maximum(level, np.finfo(float).tiny)
    loud = float(np.sqrt((np.abs(soundings.spectrum) ** 2).mean())) or 1.0
    echo: NDArray[np.complex128] = (strength * loud * size)[:, None] * shape * phase
    return echo
