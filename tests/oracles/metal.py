"""The prior's objects drawn one by one: what `dualsense.emi._locate.prior` takes the moments of."""

from __future__ import annotations

import numpy as np

from dualsense.constants import MU0_H_M
from dualsense.emi._locate import prior
from dualsense.induction import demagnetisation


def objects(hz: np.ndarray, imaginary: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Principal values (n, 3, c) over volume, whether magnetic, and slowest relaxation of random spheroids."""
    rng = np.random.default_rng(20)
    count = prior.OBJECTS
    magnetic = np.arange(count) % 2 == 1

    def log_uniform(low: float, high: float) -> np.ndarray:
        return np.exp(rng.uniform(np.log(low), np.log(high), count))

    size, conductivity = log_uniform(*prior.SIZE_M), log_uniform(*prior.CONDUCTIVITY_S_M)
    permeability = np.where(magnetic, log_uniform(*prior.PERMEABILITY), 1.0)
    aspect = np.exp(prior.LOG_ASPECT_STD * rng.standard_normal(count))
    unit_tau, unit_weight = prior._library()
    principal, slowest = np.empty((count, 3, hz.size)), np.zeros(count)
    for i in range(count):
        factors = demagnetisation(1.0, aspect[i])
        mu1, square = permeability[i] - 1.0, aspect[i] ** 2
        for axis, section in ((0, square / (1.0 + square)), (2, 0.5)):
            n = factors[axis]
            static, inductive = mu1 / (1 + n * mu1), -1 / (1 - n)
            inside = permeability[i] / (1 + n * mu1)
            loss = MU0_H_M * conductivity[i] * size[i] ** 2 * inside**2 * section / 5
            kind = int(np.argmin(np.abs(np.log(prior._ALIKE / (1 + min(1.0, 3 * n) * mu1)))))
            weight = unit_weight[kind] * (static - inductive)
            tau = unit_tau[kind] * loss / (weight @ unit_tau[kind])
            slowest[i] = max(slowest[i], tau[0])
            s = 2j * np.pi * hz[:, None] * tau
            if imaginary.any():
                spectrum = static - (s / (1 + s)) @ weight
                principal[i, axis] = np.where(imaginary, spectrum.imag, spectrum.real)
            else:
                t = 1.0 / np.abs(s)
                principal[i, axis] = (t * np.exp(-t)) @ weight
        principal[i, 1] = principal[i, 0]
    return principal, magnetic, slowest
