"""Permittivity from the ground's echo, weighed against the direct wave between the antennas.

The antennas hear d_s(f) = A(f) [D(f) + R(f; h_s, eps)]: the direct wave D and the ground's echo R pass through the
same source, cables and receiver, A, and what D is in the same units is known from the antennas' profile. So the
direct wave is a reference in every sounding, and the echo's strength, and how it fades with height, tell the
permittivity of the uppermost centimetres: full-wave inversion as Lambot et al. (2004) do it for horns.

The ground is rough, and the track errs by as much. Both only blur the mean wave: exp(-2 k^2 q cos^2) with q the
variance of the height (Ament 1953). So the mean wave is fitted, with q unknown, and no height of a single
sounding: heights that are fitted follow whatever else a sounding hears, and make the echo stronger than it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dualsense.constants import C0_M_S, EPSILON0_F_M
from dualsense.gpr._soil.antennas import Antennas, fields
from dualsense.gpr._soil.late import LateEcho, late_echo
from dualsense.gpr._soil.permittivity import LogNormal, join_permittivities
from dualsense.numerics import cubic_weights

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualsense.gpr._soundings import Soundings

    Real = NDArray[np.float64]
    Complex = NDArray[np.complex128]
    Single = NDArray[np.complex64]

LOG_NODES = np.linspace(np.log(1.3), np.log(40.0), 22)
HEIGHT_NODES = 24
MIN_HEIGHT_M = 0.01
TONES = 20
MIN_SOUNDINGS = 40
MIN_BLOCKS = 6
BLOCK_M = 0.06
"""Soundings closer than this hear the same stones: they count as one."""
START = np.log(6.0)
HEIGHT_STD_M = 0.003
"""Of the track's mean height above the mean ground."""
DILUTION = (0.85, 0.15)
"""Part of the track's ups and downs that is real, the rest being its own error: mean and standard deviation."""
RESPONSE_REACH_HZ = 1e9
SHRINKAGE = 0.2
TOLERANCE = 1.0
"""A sounding whose misfit is so many times the median counts half."""
STEPS = 30
SETTLED = 1e-4
MAX_UNEXPLAINED = 0.7
LAYERED_STD = 0.25
"""Standard deviation of ln eps that a layer below adds: so far off the echo is with one."""


@dataclass(frozen=True, slots=True)
class SurfaceEcho:
    """What the ground's echo told.

    Attributes
    ----------
    permittivity
        Of the uppermost centimetres, with the error of the measurement only.
    height_offset_m
        Height of the antennas above the mean ground, less the track's.
    roughness_m
        Standard deviation of the height: rough ground and error of the track.
    unexplained
        Amplitude of what the mean wave leaves, relative to the ground's echo.
    late
        A later echo, as of a layer, with which ``permittivity`` is told less sure; None without one.
    """

    permittivity: LogNormal
    height_offset_m: float
    roughness_m: float
    unexplained: float
    late: LateEcho | None = None


def surface_permittivity(
    soundings: Soundings,
    antennas: Antennas,
    *,
    modality: str = "sfcw",
    roughness_m: float = 0.005,
    roughness_spread_m: float = 0.002,
    height_m: Real | None = None,
) -> SurfaceEcho | None:
    """Fit the ground's mean echo beside the direct wave.

    Parameters
    ----------
    soundings
        With their direct wave: before the surface is taken out.
    antennas
        Profile of the head.
    modality
        "sfcw" or "impulse".
    roughness_m, roughness_spread_m
        What is expected of the spread of heights, and how well.
    height_m : (n,), optional
        Of the soundings above the ground, as the radar has it: with it a layer's echo is looked for.

    Returns
    -------
    SurfaceEcho or None
        The channels joined. None when there are too few soundings over too little ground, or what the antennas
        heard is not a direct wave and an echo of flat ground.

    References
    ----------
    Lambot, S., Slob, E. C., van den Bosch, I., Stockbroeckx, B. and Vanclooster, M. (2004). Modeling of ground-
    penetrating radar for accurate characterization of subsurface electric properties. IEEE Transactions on
    Geoscience and Remote Sensing 42, 2555-2568.

    Ament, W. S. (1953). Toward a theory of reflection by a rough surface. Proceedings of the IRE 41, 142-146.
    """
    found = []
    for c in np.unique(soundings.channel):
        rows = np.flatnonzero(soundings.channel == c)
        fit = _Fit.of(soundings, rows, antennas, modality, roughness_m, roughness_spread_m)
        echo = None if fit is None else fit.solve()
        if echo is not None:
            found.append(echo)
    if not found:
        return None
    every = join_permittivities(e.permittivity for e in found)
    # channels of one head hear the same ground: their errors are not independent
    std = max(every.std, min(e.permittivity.std for e in found))
    late = None
    if height_m is not None:
        late = late_echo(soundings, height_m, antennas, relative_permittivity=every.permittivity)
    if late is not None:
        std = float(np.hypot(std, LAYERED_STD))
    return SurfaceEcho(
        LogNormal(every.mean, std),
        float(np.mean([e.height_offset_m for e in found])),
        float(np.mean([e.roughness_m for e in found])),
        float(np.mean([e.unexplained for e in found])),
        late,
    )


def typical_conductivity(permittivity: Real) -> Real:
    """Conductivity of soils (S/m) with their permittivity: both come with water. Its effect here is small."""
    conductivity: Real = 0.01 * (permittivity / 6.0) ** 1.5
    return conductivity


def _spline(nodes: Real, at: Real) -> tuple[Real, Real]:
    """Weights (m, n) of values at nodes in those between them, and in their slopes."""
    return cubic_weights(nodes, at), cubic_weights(nodes, at, derivative=True)


@dataclass(frozen=True, slots=True, eq=False)
class _Fit:
    """One channel: data (n, k), its tables, and what is expected.

    Attributes
    ----------
    table : (e, h, 2 k)
        Ground's echo without its path over ln eps (``LOG_NODES``) and height (``node``): both parts in turn.
    """

    data: Single
    frequency: Real
    height: Real
    block: NDArray[np.intp]
    direct: Complex
    distance: float
    node: Real
    table: Real
    response_std: float | None
    spread2: tuple[float, float]

    @classmethod
    def of(
        cls,
        soundings: Soundings,
        rows: NDArray[np.intp],
        antennas: Antennas,
        modality: str,
        roughness_m: float,
        roughness_spread_m: float,
    ) -> _Fit | None:
        place = soundings.midpoint_m[rows]
        height = place[:, 2]
        rows, place, height = (
            rows[height > MIN_HEIGHT_M],
            place[height > MIN_HEIGHT_M],
            height[height > MIN_HEIGHT_M],
        )
        _, block = np.unique(np.floor(place[:, :2] / BLOCK_M), axis=0, return_inverse=True)
        if rows.size < MIN_SOUNDINGS or block.max() + 1 < MIN_BLOCKS:
            return None
        unit = float(np.abs(soundings.spectrum[rows]).max(initial=0.0))
        if not 0.0 < unit < np.inf:
            return None
        k_all = soundings.frequency_hz.size
        tones = np.unique(np.round(np.linspace(0, k_all - 1, min(TONES, k_all))).astype(np.intp))
        f = soundings.frequency_hz[tones]
        across = soundings.rx_m[rows] - soundings.tx_m[rows]
        distance = float(np.median(np.linalg.norm(across, axis=1)))
        node = np.linspace(max(height.min() - 0.015, 0.006), height.max() + 0.015, HEIGHT_NODES)
        eps = np.exp(LOG_NODES)[:, None]
        lossy = eps - 1j * typical_conductivity(eps) / (2.0 * np.pi * f * EPSILON0_F_M)
        direct, echo = fields(antennas, f, node, lossy, distance_m=distance)
        k = 2.0 * np.pi * f / C0_M_S
        smooth = echo * np.exp(1j * k[:, None] * np.hypot(distance, 2.0 * node))
        return cls(
            data=(soundings.spectrum[rows[:, None], tones] / unit).astype(np.complex64),
            frequency=f,
            height=height,
            block=block.ravel(),
            direct=direct,
            distance=distance,
            node=node,
            table=np.ascontiguousarray(smooth.transpose(0, 2, 1)).view(np.float64),
            response_std=antennas.known_response(modality),
            spread2=(
                roughness_m**2 + (1.0 - DILUTION[0]) * float(height.var()),
                2.0 * roughness_m * roughness_spread_m,
            ),
        )

    def solve(self) -> SurfaceEcho | None:
        """Gauss-Newton over ln eps, height offset, dilution, variance of the heights and ln A of every tone.

        The noise is what the mean wave leaves: its covariance over the tones comes from the data, soundings that
        stick out are weighed down, and all soundings together count as many as there are blocks.

        What there is of each sounding is kept in single precision, which errs by less than 1e-5 of the result's
        own error; what is solved for is not.
        """
        n, tones = self.data.shape
        x = np.array([START, 0.0, DILUTION[0], self.spread2[0] * 1e6])
        lower = np.array([LOG_NODES[0], -0.015, 0.0, 0.0])
        upper = np.array([LOG_NODES[-1], 0.015, 1.2, 400.0])
        middle = np.array([x[0], 0.0, DILUTION[0], x[3]])
        belief = np.array([0.0, HEIGHT_STD_M**-2.0, DILUTION[1] ** -2.0, (self.spread2[1] * 1e6) ** -2.0])
        log_a, nominal, stiff = self._response(self._waves(x)[0])
        weight = np.ones(n, np.float32)
        prior = np.zeros((4 + 2 * tones, 4 + 2 * tones))
        prior[:4, :4] = np.diag(belief)
        prior[4 : 4 + tones, 4 : 4 + tones], prior[4 + tones :, 4 + tones :] = stiff
        share = (int(self.block.max()) + 1) / n
        for step in range(STEPS):
            echo, slopes = self._waves(x)
            a = np.exp(log_a).astype(np.complex64)
            model = a * (self.direct.astype(np.complex64) + echo)
            rest = self.data - model
            covariance = ((rest * weight[:, None]).T @ rest.conj()).astype(np.complex128) / float(weight.sum())
            loud = np.diag(covariance).real
            if not (np.isfinite(loud).all() and (loud > 0.0).all()):
                return None
            shrunk = (1.0 - SHRINKAGE) * covariance + SHRINKAGE * np.diag(loud)
            precision = np.linalg.inv(shrunk).astype(np.complex128)
            white = rest @ precision.T.astype(np.complex64)
            misfit = np.einsum("nk,nk->n", _parts(rest), _parts(white))
            weight = 1.0 / (1.0 + misfit / np.float32(TOLERANCE * float(np.median(misfit))))
            slopes *= a
            normal, right = _normal(slopes, model, precision, white, weight)
            normal = share * normal + prior
            right *= share
            right[:4] -= belief * (x - middle)
            off = log_a - nominal
            right[4 : 4 + tones] -= stiff[0] @ off.real
            right[4 + tones :] -= stiff[1] @ off.imag
            inverse = np.linalg.pinv(normal, rcond=1e-13, hermitian=True).astype(np.float64)
            move = inverse @ right
            move *= min(1.0, 0.4 / max(abs(move[0]), 1e-9), 0.004 / max(abs(move[1]), 1e-9))
            x = np.clip(x + move[:4], lower, upper)
            log_a = log_a + move[4 : 4 + tones] + 1j * move[4 + tones :]
            if step > 3 and abs(move[0]) < SETTLED:
                break
        blocks = share * _over_blocks(_pulls(slopes, model, white, weight), self.block)
        scatter = inverse[:1] @ (blocks.T @ blocks + prior) @ inverse[:, :1]
        unexplained = float(np.sqrt((np.abs(rest) ** 2).mean() / (np.abs(np.exp(log_a) * echo) ** 2).mean()))
        std = float(np.sqrt(max(inverse[0, 0], scatter[0, 0])))
        inside = LOG_NODES[0] < x[0] < LOG_NODES[-1]
        if not (inside and unexplained < MAX_UNEXPLAINED and np.isfinite(std)):
            return None
        return SurfaceEcho(LogNormal(float(x[0]), std), float(x[1]), float(np.sqrt(x[3])) * 1e-3, unexplained)

    def _waves(self, x: Real) -> tuple[Single, Single]:
        """Ground's echo (n, k), and its slopes (4, n, k) by the first four unknowns."""
        k = (2.0 * np.pi * self.frequency / C0_M_S).astype(np.float32)
        mean = float(self.height.mean())
        swing = self.height - mean
        height = np.clip(mean + x[1] + x[2] * swing, self.node[0], self.node[-1])
        over_eps = np.concatenate(_spline(LOG_NODES, x[:1]))
        value, by_eps = np.tensordot(over_eps, self.table, axes=1).astype(np.float32)
        over_height, by_height = (part.astype(np.float32) for part in _spline(self.node, height))
        smooth, steeper, higher = (
            (part @ of).view(np.complex64)
            for part, of in ((over_height, value), (over_height, by_eps), (by_height, value))
        )
        path = np.hypot(self.distance, 2.0 * height)
        cos = (2.0 * height / path).astype(np.float32)[:, None]
        blur, angle = np.float32(-2e-6) * np.square(k * cos), k * path.astype(np.float32)[:, None]
        size = np.exp(blur * np.float32(x[3]))
        wave = np.empty(angle.shape, np.complex64)
        wave.real, wave.imag = size * np.cos(angle), -size * np.sin(angle)
        echo = wave * smooth
        slopes = np.empty((4, *wave.shape), np.complex64)
        np.multiply(wave, steeper, out=slopes[0])
        np.multiply(wave, higher, out=slopes[1])
        slopes[1] -= np.complex64(2j) * k * cos * echo
        np.multiply(slopes[1], swing.astype(np.float32)[:, None], out=slopes[2])
        np.multiply(blur, echo, out=slopes[3])
        return echo, slopes

    def _response(self, echo: Single) -> tuple[Complex, Complex, tuple[Real, Real]]:
        """Start of ln A, its nominal course, and the stiffness (k, k) of amplitude and phase about that.

        The nominal course is that of a current in a dipole, -i f, times any constant and with any delay; how far A
        may leave it is a Gaussian process over frequency. With no response known the stiffness is none.
        """
        whole: Complex = self.direct + echo
        a = (whole.conj() * self.data).sum(axis=0) / (np.abs(whole) ** 2).sum(axis=0)
        nominal = np.log(-1j * self.frequency / self.frequency.mean())
        tones = self.frequency.size
        start = np.log(np.abs(a) + np.finfo(float).tiny) + 1j * np.unwrap(np.angle(a))
        none = np.zeros((tones, tones))
        if self.response_std is None:
            return start, nominal, (none, none)
        apart = np.subtract.outer(self.frequency, self.frequency) / RESPONSE_REACH_HZ
        process = self.response_std**2 * np.exp(-(apart**2)) + 1e-6 * np.eye(tones)
        level, delay = np.ones((tones, 1)), self.frequency[:, None] / self.frequency.mean()
        return start, nominal, (_free(process, level), _free(process, np.hstack([level, delay])))


def _over_blocks(pull: Real, block: NDArray[np.intp]) -> Real:
    """Sum pulls (n, p) over the soundings of each block, (b, p); every block has one."""
    order = np.argsort(block, kind="stable")
    first = np.flatnonzero(np.diff(block[order], prepend=-1))
    sums: Real = np.add.reduceat(pull[order], first, axis=0)
    return sums


def _free(covariance: Real, shapes: Real) -> Real:
    """Precision of a Gaussian process in which some shapes (k, s) cost nothing."""
    precision: Real = np.linalg.inv(covariance).astype(np.float64)
    part: Real = precision @ shapes
    freed: Real = precision - part @ np.linalg.solve(shapes.T @ part, part.T)
    return freed


def _normal(
    slopes: Single, model: Single, precision: Complex, white: Single, weight: NDArray[np.float32]
) -> tuple[Real, Real]:
    """Form the normal matrix (p, p), and the pull (p,) of all soundings.

    Unknowns are the ``slopes`` (g, n, k) and the real and imaginary part of ln A of every tone, by which the
    model's slope is the model itself at that tone alone.
    """
    g, tones = slopes.shape[0], model.shape[1]
    light = (slopes.reshape(-1, tones) @ precision.T.astype(np.complex64)).reshape(slopes.shape)
    light *= weight[:, None]
    normal, pull = np.empty((g + 2 * tones, g + 2 * tones)), np.empty(g + 2 * tones)
    # the real part of a product of complex numbers is the scalar product of their parts
    flat = _parts(slopes).reshape(g, -1)
    normal[:g, :g] = flat @ _parts(light).reshape(g, -1).T
    cross = np.einsum("nk,gnk->gk", model.conj(), light)
    normal[:g, g : g + tones], normal[:g, g + tones :] = cross.real, cross.imag
    normal[g:, :g] = normal[:g, g:].T
    heavy = weight[:, None] * model
    between = (heavy.T @ model.conj()).T * precision
    normal[g : g + tones, g : g + tones] = normal[g + tones :, g + tones :] = between.real
    normal[g + tones :, g : g + tones] = between.imag
    normal[g : g + tones, g + tones :] = -between.imag
    pull[:g] = flat @ _parts(weight[:, None] * white).ravel()
    turned = np.einsum("nk,nk->k", heavy.conj(), white)
    pull[g : g + tones], pull[g + tones :] = turned.real, turned.imag
    return normal, pull


def _pulls(slopes: Single, model: Single, white: Single, weight: NDArray[np.float32]) -> Real:
    """Pull (n, p) of each sounding on the unknowns of :func:`_normal`."""
    turned = model.conj() * white
    on_first = np.einsum("gnk,nk->ng", _parts(slopes), _parts(white))
    pulls: Real = np.hstack([on_first, turned.real, turned.imag]).astype(np.float64)
    pulls *= weight[:, None]
    return pulls


def _parts(values: Single) -> NDArray[np.float32]:
    """Real and imaginary parts in turn, (..., 2 k)."""
    return np.ascontiguousarray(values).view(np.float32)
