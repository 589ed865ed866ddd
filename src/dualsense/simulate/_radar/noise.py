"""What the radar adds to the echoes: ringing, drift, phase and thermal noise, interference, bad tones.

Every part draws from a stream of its own, so that a change to one leaves the others as they were.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dualsense.simulate import _motion as motion

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualsense.simulate._scene.handling import Noise

_RINGS = 6
_RINGING_S = 0.6e-9


def ringing(frequency_hz: NDArray[np.float64], noise: Noise, rng: np.random.Generator) -> NDArray[np.complex128]:
    """Echoes (k,) within the head, relative to the direct wave: the same in every sounding of a scan."""
    delay = rng.exponential(_RINGING_S, _RINGS)
    size = noise.gpr_ringing * rng.normal(size=_RINGS) * np.exp(-delay / _RINGING_S)
    out: NDArray[np.complex128] = np.exp(-2j * np.pi * np.outer(frequency_hz, delay)) @ size
    return out


def drift(
    track: motion.Track, time_s: NDArray[np.float64], noise: Noise, rng: np.random.Generator
) -> NDArray[np.complex128]:
    """Factor (n,) of the whole response: slow wander of gain and phase, and warming up."""
    gain, phase = (motion.slow_drift(track, time_s, noise.drift_time_s, rng=rng) for _ in range(2))
    cold = motion.warm_up(time_s, noise)
    wander = noise.gpr_gain_std * gain + 1j * noise.gpr_phase_std_rad * phase
    out: NDArray[np.complex128] = np.exp(wander + (noise.gpr_warm_up + 1j * noise.gpr_warm_up_rad) * cold)
    return out


def received_tones(
    response: NDArray[np.complex128],
    frequency_hz: NDArray[np.float64],
    noise: Noise,
    rng: np.random.Generator,
) -> NDArray[np.complex64]:
    """Tones (n, k) as a stepped-frequency receiver writes them; a dead tone is NaN throughout."""
    jitter, foreign, tones = rng.spawn(3)
    phase = noise.gpr_phase_noise_rad * jitter.normal(size=response.shape)
    interfered = _interfered(len(response), noise, foreign)
    inside = np.abs(frequency_hz - noise.gpr_interference_hz) <= 0.5 * noise.gpr_interference_width_hz
    strange = noise.gpr_interference * _complex_normal(foreign, response.shape) * np.outer(interfered, inside)
    fate = tones.random(len(frequency_hz))
    noisy = fate < noise.gpr_dead_tone_part + noise.gpr_noisy_tone_part
    scale = noise.gpr_std * np.where(noisy, noise.gpr_noisy_tone_factor, 1.0)
    out = (response * np.exp(1j * phase) + strange + scale * _complex_normal(rng, response.shape)).astype(
        np.complex64
    )
    out[:, fate < noise.gpr_dead_tone_part] = np.nan
    return out


def pulse_jitter(
    count: int, frequency_hz: NDArray[np.float64], center_hz: float, noise: Noise, rng: np.random.Generator
) -> NDArray[np.complex128]:
    """Factor (n, k) of an impulse radar's spectra whose pulses start at uneven times."""
    (jitter,) = rng.spawn(1)
    phase = noise.gpr_phase_noise_rad * jitter.normal(size=count)
    out: NDArray[np.complex128] = np.exp(1j * np.outer(phase, frequency_hz / center_hz))
    return out


def received_traces(
    trace: NDArray[np.float64], sample_time_s: NDArray[np.float64], noise: Noise, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Traces (n, k) as an impulse receiver writes them; a foreign carrier is one sine in a trace it strikes."""
    (foreign,) = rng.spawn(1)
    interfered = _interfered(len(trace), noise, foreign)
    half = 0.5 * noise.gpr_interference_width_hz
    carrier = noise.gpr_interference_hz + foreign.uniform(-half, half, len(trace))
    start = foreign.uniform(0.0, 2 * np.pi, len(trace))
    wave = np.sin(2 * np.pi * np.outer(carrier, sample_time_s) + start[:, None])
    out: NDArray[np.float64] = (
        trace + noise.gpr_std * rng.normal(size=trace.shape) + noise.gpr_interference * interfered[:, None] * wave
    )
    return out


def _interfered(count: int, noise: Noise, rng: np.random.Generator) -> NDArray[np.bool_]:
    return rng.random(count) < noise.gpr_interference_part


def _complex_normal(rng: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.complex128]:
    """Of unit variance."""
    real, imag = rng.normal(size=(2, *shape)) * np.sqrt(0.5)
    out: NDArray[np.complex128] = real + 1j * imag
    return out
