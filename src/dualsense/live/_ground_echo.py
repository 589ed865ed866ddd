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

    def take_out(self, soundings: Soundings) -> tuple[Complex, Real, Real]:
        """Give what lies below the ground (n, k), heights (n,) of the antennas, and paths (n,) of the echo."""
        track_m = np.maximum(soundings.midpoint_m[:, 2], MIN_HEIGHT_M)
        height = track_m.copy()
        path = self._path(soundings, height)
        if not self.fitted:
            return soundings.spectrum - self.direct, height, path
        rest, wave, echo = self._rest(soundings.spectrum, height, path)
        for _ in range(STEPS):
            slope = (4.0 * height / path)[:, None] * self.wavenumber * (-1j * echo * wave)
            pull = (slope.conj() * rest).real.sum(axis=1) - self.stiffness * (height - track_m)
            step = pull / ((np.abs(slope) ** 2).sum(axis=1) + self.stiffness)
            height = np.maximum(height + np.clip(step, -self.max_step_m, self.max_step_m), MIN_HEIGHT_M)
            path = self._path(soundings, height)
            rest, wave, echo = self._rest(soundings.spectrum, height, path)
        return rest, height, path

    def differs(self, other: GroundEcho) -> float:
        """Tell how much another's echo differs, as a part of its own."""
        size = max(float(np.linalg.norm(self.echo)), 1e-300)
        return float(np.linalg.norm(self.echo - other.echo)) / size

    def _path(self, soundings: Soundings, height: Real) -> Real:
        across = (soundings.rx_m - soundings.tx_m)[:, :2]
        path: Real = np.sqrt((across**2).sum(axis=1) + (2.0 * height) ** 2)
        return path

    def _rest(self, data: Complex, height: Real, path: Real) -> tuple[Complex, Complex, Complex]:
        wave = np.exp(-1j * self.wavenumber * path[:, None]) / path[:, None]
        echo = self.echo + ((height - self.height_m) / 0.01)[:, None] * self.slant
        return data - self.direct - wave * echo, wave, echo


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
