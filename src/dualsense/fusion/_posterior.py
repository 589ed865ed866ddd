"""What the posterior of a located dipole tells, as features in numbers with units."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dualsense.emi import metal_features
from dualsense.features import EmiFeature

if TYPE_CHECKING:
    from dualsense.emi import Dipole, DipoleEstimate

AXES = ("first", "middle", "last")
QUANTILES = (5, 25, 50, 75, 95)


def posterior_features(dipole: Dipole) -> dict[str, float]:
    """Features of a dipole that was located; none of one that was not.

    All are means over the posterior, and their deviations are over it.
    """
    estimate = dipole.estimate
    if estimate is None:
        return {}
    metal = metal_features(estimate)
    out: dict[str, float] = {
        EmiFeature.LOCATED_MISFIT: estimate.misfit,
        EmiFeature.LOCATED_COHERENCE: estimate.coherence,
        EmiFeature.LOG_EVIDENCE: estimate.log_evidence - estimate.log_evidence_none,
        EmiFeature.MAGNETIC: metal.magnetic,
        EmiFeature.RADIUS: metal.radius_m,
        EmiFeature.RADIUS_STD: metal.radius_std_m,
        EmiFeature.ASPECT: metal.aspect,
        EmiFeature.ASPECT_STD: metal.aspect_std,
        EmiFeature.ASYMMETRY: metal.symmetry,
        EmiFeature.ASYMMETRY_STD: metal.symmetry_std,
    }
    for n, axis in enumerate(AXES):
        out[EmiFeature.PRINCIPAL.format(axis=axis)] = float(np.sqrt((metal.principal_m3[n] ** 2).mean()))
        out[EmiFeature.PRINCIPAL_STD.format(axis=axis)] = float(np.sqrt((metal.principal_std_m3[n] ** 2).mean()))
        out[EmiFeature.RELAXATION.format(axis=axis)] = float(10.0 ** metal.log10_time[n])
        out[EmiFeature.RELAXATION_STD.format(axis=axis)] = float(metal.log10_time_std[n])
        for k, name in enumerate(_channels(estimate)):
            out[EmiFeature.SPECTRUM.format(axis=axis, channel=name)] = float(metal.principal_m3[n, k])
    return out | _depths(estimate) | _covariance(dipole)


def depth_interval_m(dipole: Dipole) -> tuple[float, float] | None:
    """Depths between which the centre lies with 90 %; None where it was not located."""
    return None if dipole.estimate is None else dipole.estimate.depth_interval_m(0.9)


def _channels(estimate: DipoleEstimate) -> list[str]:
    swept = bool(estimate.imaginary.any())
    kinds = ["imag" if i else "real" if swept else "gate" for i in estimate.imaginary]
    return [f"{kind}_{hz:.6g}_hz" for kind, hz in zip(kinds, estimate.channel_hz, strict=True)]


def _depths(estimate: DipoleEstimate) -> dict[str, float]:
    at = np.interp(np.array(QUANTILES) / 100.0, estimate.share_above(), estimate.depth_m)
    depths = zip(QUANTILES, at, strict=True)
    out = {EmiFeature.DEPTH_QUANTILE.format(percent=q): float(depth_m) for q, depth_m in depths}
    return out | {EmiFeature.DEPTH_MODE.format(rank=n): v for n, v in enumerate(estimate.modes_m, start=1)}


def _covariance(dipole: Dipole) -> dict[str, float]:
    """Tell the deviations across, and how the errors go together; depth counts downwards."""
    std = np.sqrt(np.maximum(np.diag(dipole.covariance_m2), 1e-300))
    c = dipole.covariance_m2 / np.outer(std, std)
    return {
        EmiFeature.X_STD: float(std[0]),
        EmiFeature.Y_STD: float(std[1]),
        EmiFeature.X_Y: float(c[0, 1]),
        EmiFeature.X_DEPTH: float(-c[0, 2]),
        EmiFeature.Y_DEPTH: float(-c[1, 2]),
    }
