"""How deep each migration puts what is known: a flat reflector and a point, over depth and permittivity.

    python -m benchmarks.gpr.study_depths [--height 0.035] [--methods kirchhoff "even weights"]

Hand-like sweeps of a square of 50 cm, antennas 10 cm apart, 0.8 to 3.2 GHz, heights known. The echoes come from
a forward model of its own: Snell's law solved by bisection for each leg, its spreading and what Fresnel lets
through, twice for the point; for the plane both legs meet below the middle. Each number is the depth of the
envelope's peak above the middle, less the truth, in mm; for the point also its -3 dB width along x, in mm. For
Kirchhoff's sums the last row is the point's peak over the root mean square of white noise, as strong in each tone
as its loudest echo, in dB. "told" is what people are told, whatever the volume was made by.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from dualsense import gpr
from dualsense.result import Grid

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Real = NDArray[np.float64]

C_M_S = 299_792_458.0
METHODS: dict[str, dict[str, Any]] = {
    "kirchhoff": {"method": "kirchhoff"},
    "even weights": {"method": "kirchhoff", "weights": "even", "aperture_m": 0.18, "aperture_growth": 0.0},
    "wavenumber": {"method": "wavenumber"},
    "stolt": {"method": "stolt"},
    "least-squares": {"method": "least-squares"},
}
DEPTHS_M = (0.03, 0.05, 0.08, 0.12, 0.16, 0.20)
PERMITTIVITIES = (3.0, 6.0, 12.0)
HALVINGS = 60


def leg(rho_m: Real, height_m: Real, depth_m: float, permittivity: float) -> tuple[Real, Real]:
    """Time and amplitude of the ray from antennas to points under flat ground, by bisection on Snell's law.

    Parameters
    ----------
    rho_m, height_m : (n,)
        Lateral distance, and height of the antennas.
    depth_m, permittivity
        Of the points, and of the soil.

    Returns
    -------
    time_s, amplitude : (n,)
        One way; the amplitude is that of a tube of rays over one metre of air.
    """
    index = np.sqrt(permittivity)
    low, high = np.zeros_like(rho_m), rho_m.copy()
    for _ in range(HALVINGS):
        at = 0.5 * (low + high)
        beyond = at / np.hypot(at, height_m) > index * (rho_m - at) / np.hypot(rho_m - at, depth_m)
        low, high = np.where(beyond, low, at), np.where(beyond, at, high)
    up, down = np.hypot(at, height_m), np.hypot(rho_m - at, depth_m)
    cos_air, cos_soil = height_m / up, depth_m / down
    across = height_m / cos_air + depth_m / (index * cos_soil)
    along = height_m / cos_air**3 + depth_m / (index * cos_soil**3)
    through = 2.0 * cos_air / (cos_air + index * cos_soil)
    return (up + index * down) / C_M_S, through / (np.sqrt(across * along) * cos_air)


def sweep(rng: np.random.Generator, height_m: float, *, side_m: float = 0.5) -> gpr.Soundings:
    """Silent soundings along uneven lines 3 cm apart."""
    lines, each = round(side_m / 0.03) + 1, round(side_m / 0.015) + 1
    x, y = np.meshgrid(
        np.linspace(-0.5 * side_m, 0.5 * side_m, each), np.linspace(-0.5 * side_m, 0.5 * side_m, lines)
    )
    at = np.column_stack([x.ravel(), y.ravel(), np.full(x.size, height_m)])
    at[:, :2] += 0.004 * rng.standard_normal((len(at), 2))
    at[:, 2] += np.clip(0.005 * rng.standard_normal(len(at)), -0.6 * height_m, None)
    half, n = np.array([0.05, 0.0, 0.0]), len(at)
    frequency = np.linspace(0.8e9, 3.2e9, 61)
    return gpr.Soundings(
        time_s=0.02 * np.arange(n),
        frequency_hz=frequency,
        spectrum=np.zeros((n, frequency.size), complex),
        tx_m=at - half,
        rx_m=at + half,
        channel=np.zeros(n, np.intp),
        position_std_m=np.full((n, 3), np.nan),
    )


def point(silent: gpr.Soundings, place_m: tuple[float, float, float], permittivity: float) -> gpr.Soundings:
    """What a small scatterer sends back."""
    time, size = np.zeros(len(silent.tx_m)), np.ones(len(silent.tx_m))
    for at in (silent.tx_m, silent.rx_m):
        rho = np.hypot(at[:, 0] - place_m[0], at[:, 1] - place_m[1])
        one, amplitude = leg(rho, at[:, 2], place_m[2], permittivity)
        time, size = time + one, size * amplitude
    wave = np.exp(-2j * np.pi * silent.frequency_hz * time[:, None])
    return replace(silent, spectrum=size[:, None] * wave)


def plane(silent: gpr.Soundings, depth_m: float, permittivity: float) -> gpr.Soundings:
    """What a flat reflector sends back: down and up on rays that meet below the middle, as from a mirror."""
    half = 0.5 * np.hypot(*(silent.rx_m - silent.tx_m)[:, :2].T)
    one, amplitude = leg(half, 0.5 * (silent.tx_m + silent.rx_m)[:, 2], depth_m, permittivity)
    wave = np.exp(-2j * np.pi * silent.frequency_hz * 2.0 * one[:, None])
    return replace(silent, spectrum=amplitude[:, None] * wave)


def traces_of(soundings: gpr.Soundings) -> gpr.Traces:
    n = soundings.time_s.size
    surface = gpr.Surface(
        soundings.midpoint_m[:, 2],
        np.zeros(n),
        np.ones_like(soundings.spectrum),
        np.ones(n),
        fitted=False,
    )
    return gpr.analytic_traces(soundings, surface, whiten=False)


def peak(axis: Real, values: Real) -> float:
    """Place of the largest value, by a parabola through it and its neighbours."""
    i = int(values.argmax())
    if not 0 < i < len(values) - 1:
        return float(axis[i])
    low, middle, high = values[i - 1 : i + 2]
    return float(axis[i] + 0.5 * (low - high) / (low - 2.0 * middle + high) * (axis[1] - axis[0]))


def width(axis: Real, values: Real) -> float:
    """Width at half power, between the cells."""
    fine = np.linspace(axis[0], axis[-1], 4001)
    above = np.interp(fine, axis, values) > values.max() / np.sqrt(2.0)
    return float(fine[above][-1] - fine[above][0])


MIDDLE = 13
AXIS_M = 0.015 * np.arange(-MIDDLE, MIDDLE + 1)


def volume(soundings: gpr.Soundings, deepest_m: float, permittivity: float, **options: Any) -> tuple[Real, Real]:
    """Depths 5 mm apart, and the envelope (depth, y, x) of the migrated volume."""
    deep = 0.005 * np.arange(round(deepest_m / 0.005) + 1, dtype=np.float64)
    grid = Grid(AXIS_M, AXIS_M, float(AXIS_M[1] - AXIS_M[0]))
    found = gpr.migrate(soundings, traces_of(soundings), grid, deep, relative_permittivity=permittivity, **options)
    return deep, np.abs(found.amplitude).astype(np.float64)


def errors(soundings: gpr.Soundings, depth_m: float, permittivity: float, **options: Any) -> tuple[float, float]:
    """Depth of the peak less the truth, and the width along x there, in mm."""
    deep, envelope = volume(soundings, depth_m + 0.06, permittivity, **options)
    column = envelope[:, MIDDLE, MIDDLE]
    k = int(column.argmax())
    return 1e3 * (peak(deep, column) - depth_m), 1e3 * width(AXIS_M, envelope[k, MIDDLE])


def told(soundings: gpr.Soundings, depth_m: float, permittivity: float) -> float:
    """Depth that people are told of a body that the volume has 8 mm too shallow, less the truth, in mm."""
    where = {"x_m": 0.0, "y_m": 0.0, "depth_m": depth_m - 0.008, "width_m": 0.06, "length_m": 0.06}
    body = gpr.Body(**where, contrast=9.0, amplitude=0.5, coherence=0.7, phase_rad=0.0, edge=0.0)
    (found,) = gpr.place_tops(
        [body],
        soundings,
        traces_of(soundings),
        relative_permittivity=permittivity,
        height_m=soundings.midpoint_m[:, 2],
    )
    return 1e3 * (found.top_m - depth_m)


def over_noise(soundings: gpr.Soundings, depth_m: float, permittivity: float, **options: Any) -> float:
    """Give the peak over the root mean square of noise at its depth, in dB."""
    rng, shape = np.random.default_rng(0), soundings.spectrum.shape
    noise = np.abs(soundings.spectrum).max() * (rng.standard_normal(shape) + 1j * rng.standard_normal(shape))
    deep, signal = volume(soundings, depth_m + 0.03, permittivity, **options)
    _, left = volume(replace(soundings, spectrum=noise), depth_m + 0.03, permittivity, **options)
    k = int(np.abs(deep - depth_m).argmin())
    return float(20.0 * np.log10(signal[k, MIDDLE, MIDDLE] / np.sqrt((left[k, 5:-5, 5:-5] ** 2).mean())))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--height", type=float, default=0.035)
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=list(METHODS))
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    silent = sweep(np.random.default_rng(asked.seed), asked.height)
    print(f"depth of the envelope's peak less the truth, mm; {len(silent.tx_m)} soundings, {asked.height} m high")
    print(f"{'method':14s} {'eps':>4s}  what   " + "".join(f"{100 * d:6.0f} cm" for d in DEPTHS_M))
    for permittivity in PERMITTIVITIES:
        flat = [told(plane(silent, d, permittivity), d, permittivity) for d in DEPTHS_M]
        near = [told(point(silent, (0, 0, d), permittivity), d, permittivity) for d in DEPTHS_M]
        for what, row in (("flat", flat), ("point", near)):
            print(f"{'told':14s} {permittivity:4.0f}  {what:6s} " + "".join(f"{v:9.1f}" for v in row))
    for method in asked.methods:
        options = METHODS[method]
        for permittivity in PERMITTIVITIES:
            flat = [errors(plane(silent, d, permittivity), d, permittivity, **options)[0] for d in DEPTHS_M]
            pair = [errors(point(silent, (0, 0, d), permittivity), d, permittivity, **options) for d in DEPTHS_M]
            rows = [("flat", flat), ("point", [p[0] for p in pair]), ("width", [p[1] for p in pair])]
            if options["method"] == "kirchhoff":
                noisy = (
                    over_noise(point(silent, (0, 0, d), permittivity), d, permittivity, **options)
                    for d in DEPTHS_M
                )
                rows.append(("dB", list(noisy)))
            for what, row in rows:
                print(f"{method:14s} {permittivity:4.0f}  {what:6s} " + "".join(f"{v:9.1f}" for v in row))


if __name__ == "__main__":
    main()
