"""What the posterior of a located dipole tells, as features in numbers with units."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dualsense.emi import metal_features

if TYPE_CHECKING:
    from dualsense.emi import Dipole, DipoleEstimate

AXES = ("first", "middle", "last")
QUANTILES = (5, 25, 50, 75, 95)


def posterior_features(dipole: Dipole) -> dict[str, float]:
    """Features of a dipole that was located; none of one that was not.

    The three axes are called first, middle and last by strength. ``principal_<axis>_m3`` is the root mean square
    over the channels, with the spectrum under ``principal_<axis>_<real|imag|gate>_<hertz>_hz_m3``; deviations are
    over the posterior. ``depth_<q>_m`` are quantiles of the depth of the metal's centre in percent, and
    ``depth_mode_<n>_m`` its likeliest depths, the heaviest first.
    """
    estimate = dipole.estimate
    if estimate is None:
        return {}
    metal = metal_features(estimate)
    out = {
        "located_misfit": estimate.misfit,
        "located_coherence": estimate.coherence,
        "log_evidence_ratio": estimate.log_evidence - estimate.log_evidence_none,
        "magnetic_probability": metal.magnetic,
        "radius_m": metal.radius_m,
        "radius_std_m": metal.radius_std_m,
        "aspect": metal.aspect,
        "aspect_std": metal.aspect_std,
        "asymmetry": metal.symmetry,
        "asymmetry_std": metal.symmetry_std,
    }
    for n, axis in enumerate(AXES):
        out[f"principal_{axis}_m3"] = float(np.sqrt((metal.principal_m3[n] ** 2).mean()))
        out[f"principal_{axis}_std_m3"] = float(np.sqrt((metal.principal_std_m3[n] ** 2).mean()))
        out[f"relaxation_{axis}_s"] = float(10.0 ** metal.log10_time[n])
        out[f"relaxation_{axis}_log10_std"] = float(metal.log10_time_std[n])
        for k, name in enumerate(_channels(estimate)):
            out[f"principal_{axis}_{name}_m3"] = float(metal.principal_m3[n, k])
    return out | _depths(estimate) | _covariance(dipole)


def depth_interval_m(dipole: Dipole) -> tuple[float, float] | None:
    """Depths between which the centre lies with 90 %; None where it was not located."""
    return None if dipole.estimate is None else dipole.estimate.depth_interval_m(0.9)


def _channels(estimate: DipoleEstimate) -> list[str]:
    swept = bool(estimate.imaginary.any())
    kinds = ["imag" if i else "real" if swept else "gate" for i in estimate.imaginary]
    return [f"{kind}_{hz:.6g}_hz" for kind, hz in zip(kinds, estimate.channel_hz, strict=True)]


def _depths(estimate: DipoleEstimate) -> dict[str, float]:
    below = np.concatenate([[0.0], np.cumsum(0.5 * (estimate.depth_density[1:] + estimate.depth_density[:-1]))])
    at = np.interp(np.array(QUANTILES) / 100.0, below / below[-1], estimate.depth_m)
    out = {f"depth_{q:02d}_m": float(v) for q, v in zip(QUANTILES, at, strict=True)}
    return out | {f"depth_mode_{n}_m": v for n, v in enumerate(estimate.modes_m, start=1)}


def _covariance(dipole: Dipole) -> dict[str, float]:
    """Tell the deviations across, and how the errors go together; depth counts downwards."""
    std = np.sqrt(np.maximum(np.diag(dipole.covariance_m2), 1e-300))
    c = dipole.covariance_m2 / np.outer(std, std)
    return {
        "x_std_m": float(std[0]),
        "y_std_m": float(std[1]),
        "x_y_correlation": float(c[0, 1]),
        "x_depth_correlation": float(-c[0, 2]),
        "y_depth_correlation": float(-c[1, 2]),
    }
