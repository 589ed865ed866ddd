"""The radar's part as a script of an evening does it, with the steps of GPRPy in NumPy: lines in two dimensions.

Spectra to traces, dewow, mean trace off, gain with time, and a diffraction stack of each line over homogeneous
ground at one speed. No surface, no refraction, no third dimension, no bodies: the steps by their names, done
plainly.
"""

from __future__ import annotations

import numpy as np

C0_M_S = 299_792_458.0
WOW_SAMPLES = 51
GAIN_POWER = 1.5


def traces(spectrum: np.ndarray, frequency_hz: np.ndarray, samples: int) -> tuple[np.ndarray, float]:
    """Inverse transform of windowed spectra (n, k): real traces (n, samples) and their interval."""
    step_hz = frequency_hz[1] - frequency_hz[0]
    first = round(frequency_hz[0] / step_hz)
    padded = np.zeros((len(spectrum), samples), complex)
    padded[:, first : first + frequency_hz.size] = spectrum * np.hanning(frequency_hz.size)
    return np.fft.ifft(padded, axis=1).real * samples, 1.0 / (samples * step_hz)


def dewow(data: np.ndarray, window: int = WOW_SAMPLES) -> np.ndarray:
    """Take a moving mean along each trace off."""
    total = np.cumsum(np.pad(data, ((0, 0), (window // 2 + 1, window // 2)), mode="edge"), axis=1)
    return data - (total[:, window:] - total[:, :-window]) / window


def remove_mean_trace(data: np.ndarray) -> np.ndarray:
    """Take the mean of all traces off."""
    return data - data.mean(axis=0)


def gained(data: np.ndarray, dt_s: float, power: float = GAIN_POWER) -> np.ndarray:
    """Raise by a power of time."""
    return data * (1.0 + np.arange(data.shape[1]) * dt_s * 1e9) ** power


def diffraction_stack(
    data: np.ndarray,
    along_m: np.ndarray,
    x_m: np.ndarray,
    z_m: np.ndarray,
    dt_s: float,
    delay_s: float,
    speed: float,
) -> np.ndarray:
    """Sum each line's traces (n, t) along hyperbolas below places x at depths z: an image (z, x)."""
    image = np.zeros((z_m.size, x_m.size))
    rows = np.arange(len(data))[:, None]
    for k, z in enumerate(z_m):
        way = np.hypot(along_m[:, None] - x_m, z)
        sample = (2.0 * way / speed + delay_s) / dt_s
        whole = np.minimum(sample.astype(int), data.shape[1] - 2)
        part = sample - whole
        value = (1.0 - part) * data[rows, whole] + part * data[rows, whole + 1]
        image[k] = (value * (z / way)).sum(axis=0)
    return image


def radar_part(
    spectrum: np.ndarray,
    frequency_hz: np.ndarray,
    midpoint_m: np.ndarray,
    *,
    delay_s: float,
    cell_m: float = 0.01,
    depth_m: float = 0.30,
    permittivity: float = 6.0,
) -> list[np.ndarray]:
    """Do all steps; give the image of each line, of which a new one begins where the head turns round."""
    data, dt_s = traces(spectrum, frequency_hz, 1024)
    data = gained(remove_mean_trace(dewow(data)), dt_s)
    forward = np.gradient(midpoint_m[:, 0]) > 0.0
    turns = np.flatnonzero(np.diff(forward.astype(int))) + 1
    z_m = cell_m * np.arange(1, round(depth_m / cell_m) + 1)
    speed = C0_M_S / np.sqrt(permittivity)
    images = []
    for line in np.split(np.arange(len(data)), turns):
        if line.size < 8:
            continue
        along = midpoint_m[line, 0]
        x_m = np.arange(along.min(), along.max(), cell_m)
        images.append(diffraction_stack(data[line], along, x_m, z_m, dt_s, delay_s, speed))
    return images
