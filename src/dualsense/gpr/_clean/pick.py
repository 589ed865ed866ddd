"""The surface echo picked in each sounding: its delay, told by what arrives first.

The phase fit of :mod:`gpr._clean.surface` needs heights that vary, to tell coupling and surface apart. Where
they do not, or where there is no pose to start from, the echo can still be followed from sounding to sounding.
What a picker has to resist is a shallow target, whose echo rides on the tail of the surface's. So the delay is
estimated by generalised least squares: later arrivals, of any size, are part of the noise, and the filter that
measures the delay is blind to them. A path through all soundings' candidates (Viterbi 1967) keeps it from
slipping by a cycle.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from dualsense.constants import C0_M_S
from dualsense.gpr._clean.surface import MIN_SOUNDINGS, Surface, fit_surface, heights_vary, mirror_path
from dualsense.gpr._rays.traveltime import MIN_HEIGHT_M

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualsense.gpr._soundings import Soundings
    from dualsense.recipe.gpr import SurfaceMethod

    Real = NDArray[np.float64]
    Complex = NDArray[np.complex128]

LATER_S = (0.10e-9, 0.80e-9)
"""Delays after the surface echo of what must not be followed: targets 1 cm deep in dry sand to 4 in wet soil."""
LATER_SIZE = 0.5
NOISE_SIZE = 0.05
"""Sizes of those echoes, and of everything else, relative to the surface echo."""
ECHO_SIZE = (0.5, 1.6)
"""Of one sounding's surface echo, relative to the mean: rough ground focuses and scatters."""
MIN_LEVER = 0.3
"""Change of path over change of height under which antennas are on the ground: the echo does not tell heights."""
PASSES = 4
EXPLAINED = 0.5
"""Part of what varies that a pick has to explain to be believed unasked."""


def find_surface(
    soundings: Soundings,
    *,
    method: SurfaceMethod = "auto",
    iterations: int = 15,
    roughness_m: float = 0.008,
    max_step_m: float = 0.004,
    search_m: float = 0.03,
) -> tuple[Soundings, Surface]:
    """Take out direct coupling and surface echo by the method that applies.

    Parameters
    ----------
    soundings
        n soundings over k frequencies.
    method
        "phase" is :func:`~dualsense.gpr.fit_surface`, "pick" :func:`pick_surface`, and "pose" keeps the
        heights of the pose. "auto" fits the phase, and where that does not apply takes the pick if it explains at
        least half of what varies from sounding to sounding; otherwise the pose, so that nothing can follow a
        target.
    iterations, max_step_m
        Of the phase fit.
    roughness_m
        Spread of the ground's height about the pose's.
    search_m
        Of the pick.

    Returns
    -------
    Soundings, Surface
        As from :func:`dualsense.gpr.fit_surface`.
    """
    if method == "pick":
        return pick_surface(soundings, roughness_m=roughness_m, search_m=search_m)
    steps = 0 if method == "pose" else iterations
    fitted = fit_surface(soundings, iterations=steps, roughness_m=roughness_m, max_step_m=max_step_m)
    if method != "auto" or fitted[1].fitted:
        return fitted
    below, surface = pick_surface(soundings, roughness_m=roughness_m, search_m=search_m)
    varies = sum(
        float((np.abs(one - one.mean(axis=0)) ** 2).sum())
        for one in (soundings.spectrum[soundings.channel == c] for c in np.unique(soundings.channel))
    )
    believed = surface.fitted and float((np.abs(below.spectrum) ** 2).sum()) < (1.0 - EXPLAINED) * varies
    return (below, surface) if believed else fitted


def pick_surface(
    soundings: Soundings, *, roughness_m: float = 0.008, search_m: float = 0.03
) -> tuple[Soundings, Surface]:
    """Follow the surface echo along the track.

    Parameters
    ----------
    soundings
        n soundings over k frequencies.
    roughness_m
        Spread of the ground's height about the pose's: of the prior, and with the square root of two of the change
        from one sounding to the next.
    search_m
        How far the height may lie from the pose's.

    Returns
    -------
    Soundings
        The residual, as from :func:`dualsense.gpr.fit_surface`.
    Surface
        Not ``fitted``, and the pose's, where a channel has too few soundings, or no echo in common. Antennas on
        the ground keep the pose's height, and their ``path_m`` is what was picked.

    References
    ----------
    Viterbi, A. J. (1967). Error bounds for convolutional codes and an asymptotically optimum decoding algorithm.
    IEEE Transactions on Information Theory 13, 260-269.
    """
    n = soundings.time_s.size
    pose_height = np.maximum(soundings.midpoint_m[:, 2], MIN_HEIGHT_M)
    height, path = pose_height.copy(), mirror_path(soundings.tx_m, soundings.rx_m, pose_height)
    residual, echo = np.empty_like(soundings.spectrum), np.zeros_like(soundings.spectrum)
    unexplained, fitted = np.ones(n), True
    for c in np.unique(soundings.channel):
        rows = np.flatnonzero(soundings.channel == c)
        data = soundings.spectrum[rows]
        varying = data - data.mean(axis=0)
        if rows.size < MIN_SOUNDINGS or soundings.frequency_hz.size < 2 or not data.any():
            residual[rows], echo[rows], fitted = varying, 1.0, False
            continue
        lever = 4.0 * pose_height[rows] / path[rows]
        on_ground = float(np.median(lever)) < MIN_LEVER
        apart = not on_ground and heights_vary(pose_height[rows], soundings.position_std_m[rows, 2])
        scale = 2.0 if on_ground else float(np.median(lever))
        k = 2.0 * np.pi * soundings.frequency_hz / C0_M_S
        found = _follow(
            data, k, path[rows], scale * roughness_m, scale * search_m, coupling=apart, spreads=not on_ground
        )
        common = float((np.abs(data - found.direct) ** 2).sum())
        if not float((np.abs(found.rest) ** 2).sum()) < EXPLAINED * common:
            residual[rows], echo[rows], fitted = varying, 1.0, False
            continue
        path[rows], apart_m = found.path, mirror_path(soundings.tx_m[rows], soundings.rx_m[rows], 0.0 * lever)
        if not on_ground:
            raised = 0.5 * np.sqrt(np.maximum(found.path**2 - apart_m**2, 0.0))
            raised = np.maximum(raised + (pose_height[rows] - raised).mean(), MIN_HEIGHT_M)
            height[rows], path[rows] = raised, mirror_path(soundings.tx_m[rows], soundings.rx_m[rows], raised)
        spread = float(np.sqrt((np.abs(varying) ** 2).mean())) + np.finfo(float).tiny
        residual[rows], echo[rows] = found.rest, found.echo
        unexplained[rows] = np.sqrt((np.abs(found.rest) ** 2).mean(axis=1)) / spread
    return replace(soundings, spectrum=residual), Surface(height, path, echo, unexplained, fitted)


@dataclass(frozen=True, slots=True, eq=False)
class _Followed:
    """Coupling (k,), echo (k,) without its path, paths (n,), and what is left (n, k)."""

    direct: Complex
    echo: Complex
    path: Real
    rest: Complex


def _follow(
    data: Complex, k: Real, start: Real, spread: float, search: float, *, coupling: bool, spreads: bool
) -> _Followed:
    """Alternate between what all soundings share and each one's path; an echo that ``spreads`` falls with it."""
    path, weight = start.copy(), np.ones(len(data))
    step = np.pi / (8.0 * float(k[-1]))
    grid = step * np.arange(-np.ceil(search / step), np.ceil(search / step) + 1.0)
    direct, echo, slant = _shared(data, _wave(k, path, spreads=spreads), start, weight, coupling=coupling)
    for turn in range(PASSES):
        blind = _Blind(echo, k)
        ground = data - direct - _wave(k, path, spreads=spreads) * _tilt(start)[:, None] * slant
        if turn < 2:  # the echo is sharp by then
            aligned = ground / _wave(k, start, spreads=spreads)
            misfit = np.stack(
                [blind.misfit(_moved(aligned, k, start, shift, spreads=spreads)) for shift in grid], axis=1
            )
            typical = float(np.median(misfit.min(axis=1))) + np.finfo(float).tiny
            cost = 2.0 * np.log1p(misfit / typical) + 0.5 * (grid / spread) ** 2
            path = start + grid[_viterbi(cost, grid / (np.sqrt(2.0) * spread))]
        for _ in range(2):
            move, stiff, noise = blind.delay(ground / _wave(k, path, spreads=spreads))
            prior = noise / spread**2
            move = (stiff * move - prior * (path - start)) / (stiff + prior)
            path = path + np.clip(move, -step, step)
        path = start + np.clip(path - start - float((path - start).mean()), -search, search)
        rest = data - direct - _wave(k, path, spreads=spreads) * (echo + _tilt(start)[:, None] * slant)
        energy = (np.abs(rest) ** 2).sum(axis=1)
        weight = 1.0 / (1.0 + (energy / (2.0 * float(np.median(energy)) + np.finfo(float).tiny)) ** 2)
        direct, echo, slant = _shared(data, _wave(k, path, spreads=spreads), start, weight, coupling=coupling)
    rest = data - direct - _wave(k, path, spreads=spreads) * (echo + _tilt(start)[:, None] * slant)
    return _Followed(direct, echo, path, rest)


def _wave(k: Real, path: Real, *, spreads: bool) -> Complex:
    wave: Complex = np.exp(-1j * k * path[:, None]) / (path[:, None] if spreads else float(path.mean()))
    return wave


def _moved(aligned: Complex, k: Real, start: Real, shift: float, *, spreads: bool) -> Complex:
    """Align what is aligned with paths ``start`` with paths that are longer by ``shift``."""
    size = 1.0 + shift / start if spreads else np.ones_like(start)
    moved: Complex = aligned * np.exp(1j * k * shift) * size[:, None]
    return moved


def _tilt(start: Real) -> Real:
    """How far each path is from the mean, by the pose: the antennas' near field changes the echo with height."""
    tilt: Real = (start - start.mean()) / 0.02
    return tilt


def _shared(
    data: Complex, wave: Complex, start: Real, weight: Real, *, coupling: bool
) -> tuple[Complex, Complex, Complex]:
    """Weighted least squares per frequency over {1, wave, wave x tilt}, or over the wave alone."""
    columns = [np.ones_like(wave), wave, wave * _tilt(start)[:, None]] if coupling else [wave]
    design = np.stack(columns, axis=-1).transpose(1, 0, 2)
    weighted = design.conj().transpose(0, 2, 1) * weight
    normal = weighted @ design
    power = np.einsum("kii->ki", normal).real.mean(axis=0)
    normal = normal + 1e-6 * np.diag(power)
    solved: NDArray[Any] = np.linalg.solve(normal, weighted @ data.T[..., None])[..., 0]
    if coupling:
        return solved[:, 0], solved[:, 1], solved[:, 2]
    nothing = np.zeros(wave.shape[1], np.complex128)
    return nothing, solved[:, 0], nothing


class _Blind:
    """Delay and misfit of soundings that are aligned with an echo, blind to what arrives after it."""

    def __init__(self, echo: Complex, k: Real) -> None:
        level2 = float((np.abs(echo) ** 2).mean()) + np.finfo(float).tiny
        band = max(float(np.ptp(k)) * C0_M_S / (2.0 * np.pi), 1.0)
        later = np.arange(LATER_S[0], LATER_S[1], min(0.4 / band, 0.1e-9))
        echoes = echo[:, None] * np.exp(-1j * C0_M_S * k[:, None] * later)
        self._noise = NOISE_SIZE**2 * level2
        inner = np.eye(later.size) * (self._noise * later.size / LATER_SIZE**2) + echoes.conj().T @ echoes
        # Woodbury: the inverse of the covariance is (1 - F^H F) / noise
        self._filter = np.linalg.solve(np.linalg.cholesky(inner), echoes.conj().T)
        self._echo, self._slope = echo, -1j * k * echo
        self._echo_white, self._slope_white = self._white(self._echo), self._white(self._slope)

    def _white(self, values: Complex) -> Complex:
        white: Complex = values - (values @ self._filter.T) @ self._filter.conj()
        return white

    def misfit(self, aligned: Complex) -> Real:
        """Energy (n,) that neither the echo, of a size within ``ECHO_SIZE``, nor later arrivals explain."""
        seen = aligned @ self._filter.T
        power = float(np.vdot(self._echo, self._echo_white).real) + np.finfo(float).tiny
        match = (aligned @ self._echo_white.conj()).real
        size = np.clip(match / power, *ECHO_SIZE)
        total = (np.abs(aligned) ** 2).sum(axis=1) - (np.abs(seen) ** 2).sum(axis=1)
        part: Real = total - 2.0 * size * match + size**2 * power
        return np.maximum(part, 0.0)

    def delay(self, aligned: Complex) -> tuple[Real, Real, float]:
        """Paths (n,) by which soundings lie behind the echo, their stiffness, and the noise to compare it with."""
        jj = np.array(
            [
                [np.vdot(a, b).real for b in (self._slope_white, self._echo_white)]
                for a in (self._slope, self._echo)
            ]
        )
        right = np.stack([(aligned @ x.conj()).real for x in (self._slope_white, self._echo_white)])
        move, size = np.linalg.solve(jj + 1e-12 * np.trace(jj) * np.eye(2), right)
        free = jj[0, 0] - jj[0, 1] ** 2 / max(jj[1, 1], np.finfo(float).tiny)
        size = np.clip(size, *ECHO_SIZE)  # the slope scales with the echo's size
        return move / size, free * size**2, self._noise


def _viterbi(cost: Real, state: Real) -> NDArray[np.intp]:
    """Cheapest path (n,) through candidates (n, g); a step costs half the squared change of ``state`` (g,)."""
    n, g = cost.shape
    change = 0.5 * (state[:, None] - state) ** 2
    best = cost[0]
    came = np.zeros((n, g), np.intp)
    for i in range(1, n):
        total = best[:, None] + change
        came[i] = total.argmin(axis=0)
        best = total[came[i], np.arange(g)] + cost[i]
    path = np.empty(n, np.intp)
    path[-1] = int(best.argmin())
    for i in range(n - 1, 0, -1):
        path[i - 1] = came[i, path[i]]
    return path
