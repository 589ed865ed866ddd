"""Rows of one target as the locator's kernels take them: white noise of unit size, rows last."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from dualsense.emi._balance import known_std
from dualsense.emi._columns import coil_arrays
from dualsense.emi._columns_kernels import RowCoils
from dualsense.emi._locate._evidence_kernels import Classes
from dualsense.emi._locate.prior import MetalPrior, metal_prior

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualsense.emi._response import Response

    Real = NDArray[np.float64]

FIELD_LENGTH_M = 0.05
"""Before a model is there, the field is taken to change by its own size over this length."""


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """What the locator needs of a response.

    A response is ``scale`` (mix @ data): the channels' noise is of size ``scale``, and correlated by ``mix``.
    Positions are followed in whitened channels; signs and axes of tensors belong to the channels themselves.

    Attributes
    ----------
    data : (c, m)
        Whitened channels.
    channels : (m, c)
        The response in units of ``scale``.
    precision : (c, c)
        Inverse of its noise's correlation.
    std : (m, 3)
        Standard deviation of the rows' positions, m.
    coils
        Two loops per row.
    scale : (c,)
        Standard deviation of each channel's noise.
    mix : (c, c)
        From whitened channels to such in units of ``scale``.
    sign : (c,)
        Of what passive metal answers in a channel; 0 where it may be either.
    classes
        What metal can be, in whitened channels.
    depth_range_m
        Depths at which it may lie.
    depth_prior : (2,)
        Mean of z (m) and precision (1/m^2) of what is known of it beforehand; the latter 0 where that is nothing.
    """

    data: Real
    channels: Real
    precision: Real
    std: Real
    coils: RowCoils
    scale: Real
    mix: Real
    sign: Real
    classes: Classes
    depth_range_m: tuple[float, float]
    depth_prior: tuple[float, float]

    @property
    def to_metres(self) -> Real:
        """Matrix (c, c) that takes whitened channels back to those of the response."""
        return self.scale[:, None] * self.mix

    def some(self, use: NDArray[np.intp]) -> Rows:
        """Only these rows."""
        return replace(
            self,
            data=np.ascontiguousarray(self.data[:, use]),
            channels=np.ascontiguousarray(self.channels[use]),
            std=np.ascontiguousarray(self.std[use]),
            coils=RowCoils(*(np.ascontiguousarray(a[use]) for a in self.coils)),
        )

    def widened(self, excess: float) -> Rows:
        """Position errors whose variance is larger by a part of itself."""
        return replace(self, std=self.std * np.sqrt(1.0 + excess))


def rows_of(
    response: Response,
    noise: Real,
    position_std_m: float | Real | None,
    depth_range_m: tuple[float, float],
    depth_prior: tuple[float, float] = (0.0, 0.0),
) -> Rows:
    """Bring a response into the kernels' form.

    Parameters
    ----------
    response
        m rows over c channels, soil and drift taken out.
    noise : (c,) or (c, c)
        Standard deviations of one row's noise, or its covariance.
    position_std_m : scalar, (3,) or (m, 3), optional
        The response's own by default.
    depth_range_m, depth_prior
        As in `Rows`.

    Raises
    ------
    ValueError
        Noise or position errors that make no sense, or values that are not finite.
    """
    covariance = np.asarray(noise, dtype=np.float64)
    covariance = np.diag(covariance**2) if covariance.ndim == 1 else covariance
    scale = np.sqrt(np.diag(covariance))
    if covariance.shape != (response.values.shape[1],) * 2 or not (np.isfinite(scale) & (scale > 0)).all():
        msg = f"noise must be positive for each of {response.values.shape[1]} channels, got {noise}"
        raise ValueError(msg)
    if not np.isfinite(response.values).all():
        msg = f"values must be finite, got {np.count_nonzero(~np.isfinite(response.values))} that are not"
        raise ValueError(msg)
    stated = response.position_std_m if position_std_m is None else np.asarray(position_std_m, dtype=np.float64)
    std = np.broadcast_to(known_std(stated), response.tx_m.shape)
    if not (std >= 0).all():
        msg = f"position_std_m must not be negative, got {std.min()}"
        raise ValueError(msg)
    correlation = covariance / np.outer(scale, scale)
    mix = np.linalg.cholesky(correlation)
    whitener = np.linalg.inv(mix) / scale
    return Rows(
        data=np.ascontiguousarray((response.values @ whitener.T).T),
        channels=np.ascontiguousarray(response.values / scale),
        precision=np.linalg.inv(correlation),
        std=np.array(std, dtype=np.float64),  # a copy: kernels for read-only arrays may round otherwise
        coils=coil_arrays(response),
        scale=scale,
        mix=mix,
        sign=np.where(response.imaginary, -1.0, 0.0) if response.imaginary.any() else np.ones(scale.size),
        classes=whitened_classes(metal_prior(response.channel_hz, response.imaginary), whitener),
        depth_range_m=depth_range_m,
        depth_prior=depth_prior,
    )


def whitened_classes(prior: MetalPrior, whitener: Real) -> Classes:
    """Turn moments into precisions; the whitener (c, c) takes the channels to unit noise."""
    inner = np.linalg.inv(whitener @ prior.isotropic @ whitener.T)
    outer = np.linalg.inv(whitener @ prior.deviatoric @ whitener.T)
    level = prior.mean @ whitener.T
    mean = np.einsum("kij,kj->ki", inner, level)
    constant = np.linalg.slogdet(inner)[1] + 5.0 * np.linalg.slogdet(outer)[1] - (mean * level).sum(axis=1)
    arrays = (np.log(prior.share), mean, inner, outer, constant, prior.magnetic)
    return Classes(*(np.asarray(a, dtype=np.float64) for a in arrays))


def rough_weight(rows: Rows) -> Real:
    """Packed weight before a model is there: position errors count with the size of the signal."""
    channels = rows.data.shape[0]
    size = (rows.data**2).mean(axis=0)
    rough = 1.0 / (1.0 + size * (rows.std**2).sum(axis=1) / FIELD_LENGTH_M**2)
    weight = np.zeros((channels * (channels + 1) // 2, rough.size))
    weight[np.cumsum(np.arange(1, channels + 1)) - 1] = rough
    return weight
