"""The ground's echo fitted beside the direct wave in double precision, as it is written down."""

from __future__ import annotations

import numpy as np
from scipy.interpolate import CubicSpline

from dualsense.constants import C0_M_S
from dualsense.gpr._soil import reflection


def echo(fit: reflection._Fit, data: np.ndarray) -> tuple[np.ndarray, float]:
    """Unknowns x (4,) of a channel's fit to data (n, k), and the standard deviation of the first, ln eps.

    Tables, starting values and beliefs are those of ``fit``.
    """
    n, tones = data.shape
    x = np.array([reflection.START, 0.0, reflection.DILUTION[0], fit.spread2[0] * 1e6])
    lower = np.array([reflection.LOG_NODES[0], -0.015, 0.0, 0.0])
    upper = np.array([reflection.LOG_NODES[-1], 0.015, 1.2, 400.0])
    middle = x.copy()
    belief = np.array(
        [0.0, reflection.HEIGHT_STD_M**-2.0, reflection.DILUTION[1] ** -2.0, (fit.spread2[1] * 1e6) ** -2.0]
    )
    log_a, nominal, stiff = fit._response(waves(fit, x)[0])
    prior = np.zeros((4 + 2 * tones, 4 + 2 * tones))
    prior[:4, :4] = np.diag(belief)
    prior[4 : 4 + tones, 4 : 4 + tones], prior[4 + tones :, 4 + tones :] = stiff
    weight, share = np.ones(n), (int(fit.block.max()) + 1) / n
    for step in range(reflection.STEPS):
        heard, slopes = waves(fit, x)
        model = np.exp(log_a) * (fit.direct + heard)
        rest = data - model
        covariance = (rest * weight[:, None]).T @ rest.conj() / weight.sum()
        shrunk = (1.0 - reflection.SHRINKAGE) * covariance
        precision = np.linalg.inv(shrunk + reflection.SHRINKAGE * np.diag(np.diag(covariance).real))
        white = rest @ precision.T
        misfit = (rest.conj() * white).real.sum(axis=1)
        weight = 1.0 / (1.0 + misfit / (reflection.TOLERANCE * np.median(misfit)))
        jacobian = np.zeros((4 + 2 * tones, n, tones), complex)
        jacobian[:4] = np.exp(log_a) * slopes
        for t in range(tones):
            jacobian[4 + t, :, t], jacobian[4 + tones + t, :, t] = model[:, t], 1j * model[:, t]
        light = jacobian @ precision.T
        normal = share * np.einsum("n,gnk,hnk->gh", weight, jacobian.conj(), light, optimize=True).real + prior
        pull = share * weight[:, None] * np.einsum("gnk,nk->ng", jacobian.conj(), white).real
        off = log_a - nominal
        held = np.concatenate([belief * (x - middle), stiff[0] @ off.real, stiff[1] @ off.imag])
        inverse = np.linalg.pinv(normal, rcond=1e-13, hermitian=True)
        move = inverse @ (pull.sum(axis=0) - held)
        move *= min(1.0, 0.4 / max(abs(move[0]), 1e-9), 0.004 / max(abs(move[1]), 1e-9))
        blocks = np.stack([pull[fit.block == b].sum(axis=0) for b in range(fit.block.max() + 1)])
        scatter = inverse @ (blocks.T @ blocks + prior) @ inverse
        x = np.clip(x + move[:4], lower, upper)
        log_a = log_a + move[4 : 4 + tones] + 1j * move[4 + tones :]
        if step > 3 and abs(move[0]) < reflection.SETTLED:
            break
    return x, float(np.sqrt(max(inverse[0, 0], scatter[0, 0])))


def waves(fit: reflection._Fit, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Ground's echo (n, k), and its slopes (4, n, k) by the first four unknowns, from splines of SciPy's."""
    k = 2.0 * np.pi * fit.frequency / C0_M_S
    swing = fit.height - fit.height.mean()
    height = np.clip(fit.height.mean() + x[1] + x[2] * swing, fit.node[0], fit.node[-1])
    over_eps = CubicSpline(reflection.LOG_NODES, fit.table.view(np.complex128), axis=0)
    over_height, steeper = (CubicSpline(fit.node, over_eps(x[0], order), axis=0) for order in (0, 1))
    path = np.hypot(fit.distance, 2.0 * height)[:, None]
    cos = 2.0 * height[:, None] / path
    blur = -2e-6 * (k * cos) ** 2
    wave = np.exp(-1j * k * path + blur * x[3])
    heard = wave * over_height(height)
    up = wave * over_height(height, 1) - 2j * k * cos * heard
    return heard, np.stack([wave * steeper(height), up, up * swing[:, None], blur * heard])
