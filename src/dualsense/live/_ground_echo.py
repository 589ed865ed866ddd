"""Direct wave and ground echo, learnt from a few soundings and then taken out of each that comes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from dualsense import gpr
from dualsense.constants import C0_M_S

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualsense.gpr import Soundings
    from dualsense.recipe.gpr import GprSurface

    Real = NDArray[np.float64]
    Complex = NDArray[np.complex128]
    Single = NDArray[np.complex64]

MIN_HEIGHT_M = 1e-3
STEPS = 3
"""Of Gauss and Newton for each sounding's height."""
RIDGE = 1e-6
MATCHED = 0.02
"""Part by which paths may differ from the mirror's, on average, and still be its: antennas above the ground."""


@dataclass(frozen=True, slots=True, eq=False)
class GroundEcho:
    """What the soundings of one channel have in common.

    Attributes
    ----------
    wavenumber : (k,)
        In air.
    direct, echo, slant : (k,)
        Coupling, the ground's echo, and its change with a centimetre of height; the echo is 1 where none was
        fitted.
    height_m
        From which the change counts.
    stiffness
        Of a height's tie to the track's: noise over the ground's roughness, squared.
    max_step_m
        Largest correction in one step.
    fitted
        Whether there is an echo.
    """

    wavenumber: Real
    direct: Complex
    echo: Complex
    slant: Complex
    height_m: float
    stiffness: float
    max_step_m: float
    fitted: bool

    def take_out(self, soundings: Soundings) -> tuple[Single, Real, Single]:
        """Give what lies below the ground (n, k), heights (n,) of the antennas, and waves (n, k) of the echo.

        Of the waves there is the phase alone, exp(-i k path). Heights are fitted to what is heard in sizes of the
        echo, whose squares single precision holds whatever the instrument's unit.
        """
        track_m = np.maximum(soundings.midpoint_m[:, 2], MIN_HEIGHT_M)
        height = track_m.copy()
        path = self._path(soundings, height)
        wave = self._wave(path)
        below = soundings.spectrum - self.direct
        if not self.fitted:
            return below.astype(np.complex64), height, wave
        unit = float(np.linalg.norm(self.echo)) or 1.0
        stiffness = self.stiffness / unit**2
        heard = (below / unit).astype(np.complex64)
        shapes = (np.array([self.echo, self.slant]) / unit).astype(np.complex64)
        k = self.wavenumber.astype(np.float32)
        for step in range(STEPS + 1):
            lift = ((height - self.height_m) / 0.01).astype(np.float32)[:, None]
            echo = wave * (shapes[0] + lift * shapes[1])
            echo /= path.astype(np.float32)[:, None]
            rest = heard - echo
            if step == STEPS:
                break
            slope = 4.0 * height / path
            pull = slope * ((echo.imag * rest.real - echo.real * rest.imag) @ k) - stiffness * (height - track_m)
            bend = slope**2 * ((echo.real**2 + echo.imag**2) @ (k * k)) + stiffness
            height = np.maximum(height + np.clip(pull / bend, -self.max_step_m, self.max_step_m), MIN_HEIGHT_M)
            path = self._path(soundings, height)
            wave = self._wave(path)
        return rest * np.float32(unit), height, wave

    def differs(self, other: GroundEcho) -> float:
        """Tell how much another's echo differs, as a part of its own."""
        size = max(float(np.linalg.norm(self.echo)), 1e-300)
        return float(np.linalg.norm(self.echo - other.echo)) / size

    def _path(self, soundings: Soundings, height: Real) -> Real:
        across = (soundings.rx_m - soundings.tx_m)[:, :2]
        path: Real = np.sqrt((across**2).sum(axis=1) + (2.0 * height) ** 2)
        return path

    def _wave(self, path: Real) -> Single:
        """Waves (n, k) at the end of their paths: sine and cosine of single numbers take little time."""
        angle = np.multiply.outer(path, self.wavenumber).astype(np.float32)
        wave = np.empty(angle.shape, np.complex64)
        np.cos(angle, out=wave.real)
        np.negative(np.sin(angle), out=wave.imag)
        return wave


def learn_ground(soundings: Soundings, tables: GprSurface) -> GroundEcho:
    """Learn coupling and ground echo from soundings of one channel, spread over what was swept.

    The heights are those of :func:`dualsense.gpr.find_surface`; with them the three shapes follow linearly.

    Parameters
    ----------
    soundings
        n of them over k frequencies.
    tables
        Of the surface, in the recipe.

    Returns
    -------
    GroundEcho
    """
    below, surface = gpr.find_surface(soundings, **tables.model_dump())
    wavenumber = 2.0 * np.pi * soundings.frequency_hz / C0_M_S
    mean = soundings.spectrum.mean(axis=0)
    none = np.zeros_like(mean)
    height = surface.height_m
    middle = float(height.mean())
    plain = GroundEcho(wavenumber, mean, none + 1.0, none, middle, 1.0, tables.max_step_m, fitted=False)
    path = plain._path(soundings, height)  # noqa: SLF001
    if not surface.fitted or np.abs(surface.path_m / path - 1.0).mean() > MATCHED:
        return replace(plain, echo=surface.echo[0])
    wave = np.exp(-1j * wavenumber * path[:, None]) / path[:, None]
    shapes = np.stack([np.ones_like(wave), wave, wave * ((height - middle) / 0.01)[:, None]], axis=2)
    shapes = shapes.transpose(1, 0, 2)
    turned = shapes.conj().transpose(0, 2, 1)
    normal = turned @ shapes
    normal += RIDGE * np.einsum("kaa->ka", normal).real[:, :, None] * np.eye(3)
    direct, echo, slant = np.linalg.solve(normal, turned @ soundings.spectrum.T[:, :, None])[..., 0].T
    noise = float((np.abs(below.spectrum) ** 2).mean())
    stiffness = noise / tables.roughness_m**2
    return GroundEcho(wavenumber, direct, echo, slant, middle, stiffness, tables.max_step_m, fitted=True)
