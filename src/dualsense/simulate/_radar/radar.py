"""The simulated radar: direct wave, the ground's echo (`echo`), and what the instrument makes of them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from dualsense.constants import C0_M_S
from dualsense.scan import GprData
from dualsense.simulate import _motion as motion
from dualsense.simulate._radar import noise as radar_noise
from dualsense.simulate._radar.echo import ground_echo
from dualsense.simulate._scene import array

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from dualsense.simulate._scene.instrument import Radar
    from dualsense.simulate._scene.scene import Buried, Scene
    from dualsense.simulate._soil import Ground

    Real = NDArray[np.float64]
    Echo = Callable[[tuple[Buried, ...], Ground, Real, Real, Real], NDArray[np.complex128]]
    """Of objects and ground, from antennas (n, 3) each at tones (k,): (n, k), as `ground_echo` gives it."""

REFERENCE_HZ = 2e9
"""Where a unit echo at one metre has the radar's gain as its amplitude."""

_IMPULSE_BAND = 3.0
_IMPULSE_PADDING = 1.25


def simulate_gpr(
    scene: Scene,
    radar: Radar,
    ground: Ground,
    track: motion.Track,
    *,
    rng: np.random.Generator,
    echo: Echo = ground_echo,
) -> GprData:
    """Record the scene with its radar along a track.

    Parameters
    ----------
    scene
        Whose objects, noise and array are used.
    radar
        Of the scene.
    ground
        One realisation of its soil.
    track
        Where the head really was.
    rng
        Draws times, ringing, drift and noise.
    echo
        What comes back from the ground, in the place of `ground_echo`.

    Returns
    -------
    GprData
    """
    time_s = motion.sample_times(track.end_s, radar.rate_hz, jitter=radar.clock_jitter, rng=rng)
    position, rotation = motion.pose_at(track, time_s)
    tx_position, rx_position = np.asarray(radar.tx_position_m), np.asarray(radar.rx_position_m)
    frequency = _frequencies(radar)
    in_air = direct_wave(rx_position - tx_position, frequency)
    pairs = array.pair_offsets_m(scene.array)
    channel = array.interleave(len(time_s), len(pairs))
    tx, rx = (
        position + np.einsum("nij,nj->ni", rotation, (pairs + at)[channel]) for at in (tx_position, rx_position)
    )
    in_air = in_air * (1 + radar_noise.ringing(frequency, scene.noise, rng))
    under_head = replace(ground, head_reflection=radar.head_reflection)
    from_ground = echo(scene.objects, under_head, tx, rx, frequency)
    system = _system(frequency, radar)
    response = (in_air + from_ground) * system * radar_noise.drift(track, time_s, scene.noise, rng)[:, None]
    in_air = in_air * system
    (clock,) = rng.spawn(1)
    common: dict[str, Any] = {
        "time_s": time_s + motion.clock_error_s(radar.clock_offset_s, scene.noise, rng=clock),
        "tx_position_m": pairs + tx_position,
        "rx_position_m": pairs + rx_position,
        "channel": channel,
        "polarisation": "y",
        "system_delay_s": radar.system_delay_s,
    }
    if radar.modality == "sfcw":
        return GprData(
            modality="sfcw",
            data=radar_noise.received_tones(response, frequency, scene.noise, rng),
            frequency_hz=frequency,
            reference=in_air if radar.reference else None,
            **common,
        )
    sample_time: NDArray[Any] = (
        np.arange(round(radar.window_s / radar.sample_interval_s)) * radar.sample_interval_s
    )
    response *= radar_noise.pulse_jitter(len(response), frequency, radar.center_hz, scene.noise, rng)
    trace = _traces(response, frequency, sample_time, radar)
    return GprData(
        modality="impulse",
        data=radar_noise.received_traces(trace, sample_time, scene.noise, rng),
        sample_time_s=sample_time,
        reference=_traces(in_air[None], frequency, sample_time, radar)[0] if radar.reference else None,
        **common,
    )


def direct_wave(baseline_m: NDArray[np.float64], frequency_hz: NDArray[np.float64]) -> NDArray[np.complex128]:
    """Field of a dipole along y at a parallel one, (..., 3) m and (k,) Hz to (..., k), near field and all.

    e^{-ikr}/r [(1 - i/kr - 1/(kr)^2) - (y/r)^2 (1 - 3i/kr - 3/(kr)^2)], in units of the far field at one metre.
    """
    r = np.linalg.norm(baseline_m, axis=-1)[..., None]
    kr = 2 * np.pi * frequency_hz / C0_M_S * r
    along2 = (baseline_m[..., 1:2] / r) ** 2
    near = (1 - 1j / kr - 1 / kr**2) - along2 * (1 - 3j / kr - 3 / kr**2)
    out: NDArray[np.complex128] = np.exp(-1j * kr) / r * near
    return out


def _frequencies(radar: Radar) -> NDArray[Any]:
    if radar.modality == "sfcw":
        count = max(2, int(np.floor((radar.stop_hz - radar.start_hz) / radar.step_hz + 1e-6)) + 1)
        return radar.start_hz + radar.step_hz * np.arange(count)
    step = 1 / (_IMPULSE_PADDING * radar.window_s)
    return step * np.arange(1, int(np.ceil(_IMPULSE_BAND * radar.center_hz / step)) + 1)


def _system(frequency_hz: NDArray[np.float64], radar: Radar) -> NDArray[np.complex128]:
    """Field of a current element per unit moment, -i omega mu0 / 4 pi r, and the cables' delay."""
    delay = np.exp(-2j * np.pi * frequency_hz * radar.system_delay_s)
    out: NDArray[np.complex128] = -1j * radar.gain_m * frequency_hz / REFERENCE_HZ * delay
    return out


def _traces(
    spectrum: NDArray[np.complex128],
    frequency_hz: NDArray[np.float64],
    sample_time_s: NDArray[Any],
    radar: Radar,
) -> NDArray[np.float64]:
    """Traces that a Ricker current of unit peak leaves: the spectrum's inverse transform at the sample times."""
    u = (frequency_hz / radar.center_hz) ** 2
    ricker = 2 / (np.sqrt(np.pi) * radar.center_hz) * u * np.exp(-u)
    kernel = np.exp(2j * np.pi * np.outer(frequency_hz, sample_time_s))
    step = frequency_hz[1] - frequency_hz[0]
    out: NDArray[np.float64] = 2 * step * ((spectrum * ricker) @ kernel).real
    return out
