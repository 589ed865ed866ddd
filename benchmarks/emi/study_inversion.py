"""Errors of `emi._locate.locate` over random targets, beside the Cramér–Rao bound and its own error bars.

``python benchmarks/emi/study_inversion.py [--targets N] [--lasting ROWS] [--picture FILE] [--json FILE]``: twelve
cells, of coils at one height or two, position jitter of 0, 5 and 12 mm, and a peak of 30 or 100 times the noise.
Every target is one spheroid of steel or aluminium, 3-10 mm, of any aspect from 0.3 to 3 and any orientation,
2-12 cm deep. With ``--lasting``, half of the jitter's variance goes together over that many rows, as a tracker's
error does; the bound takes all of it as independent, and is none then.
"""

from __future__ import annotations

import argparse
import json
import time
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from dualsense.emi._columns import dipole_columns, tensors_from_elements
from dualsense.emi._locate.locate import locate
from dualsense.emi._locate.posterior import visit
from dualsense.emi._locate.rows import rows_of
from dualsense.emi._response import Response
from dualsense.induction._polarizability import polarizability, rotate_spectrum, spheroid_spectrum
from dualsense.simulate._motion import correlated_noise

FREQUENCY_HZ = np.array([2400.0, 9600.0, 38400.0])
SIDE, HALF_M = 21, 0.2
HEIGHTS_M = (0.05, 0.12)
CELLS = tuple(
    (heights, jitter, snr) for heights in (1, 2) for jitter in (0.0, 0.005, 0.012) for snr in (30.0, 100.0)
)
PAIRS = ((0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2))
STEP_M = 1e-4


def rows(heights: int, values: np.ndarray | None = None, std_m: float = 0.0) -> Response:
    """Coaxial coils of 10 and 8 cm at 21 x 21 places 2 cm apart; with two heights every other line is higher."""
    x, y = np.meshgrid(*[np.linspace(-HALF_M, HALF_M, SIDE)] * 2)
    z = np.full(x.shape, HEIGHTS_M[0])
    if heights == 2:
        z[1::2] = HEIGHTS_M[1]
    at = np.column_stack([x.ravel(), y.ravel(), z.ravel()])
    m = len(at)
    return Response(
        time_s=0.05 * np.arange(m),
        values=np.zeros((m, 6)) if values is None else values,
        channel_hz=np.tile(FREQUENCY_HZ, 2),
        imaginary=np.repeat([False, True], 3),
        coil=np.zeros(m, np.intp),
        center_m=at,
        tx_m=at,
        rx_m=at,
        rotation=np.broadcast_to(np.eye(3), (m, 3, 3)),
        position_std_m=np.full((m, 3), std_m),
        count=np.ones(m),
        tx_radius_m=np.array([0.1]),
        rx_radius_m=np.array([0.08]),
    )


def target(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Position (3,), axes (3, 3) and elements (6, 6) of a random spheroid."""
    size, aspect = rng.uniform(3e-3, 10e-3), np.exp(rng.uniform(np.log(0.3), np.log(3.0)))
    steel = rng.random() < 0.5
    axes, _ = np.linalg.qr(rng.standard_normal((3, 3)))
    axes[:, 0] *= np.linalg.det(axes)
    spectrum = spheroid_spectrum(
        semi_axis_m=size,
        polar_semi_axis_m=size * aspect,
        conductivity_s_m=5e6 if steel else 3.5e7,
        relative_permeability=100.0 if steel else 1.0,
    )
    m = polarizability(rotate_spectrum(spectrum, axes), FREQUENCY_HZ)
    m = np.concatenate([m.real, m.imag])
    position = np.array([*rng.uniform(-0.08, 0.08, 2), -rng.uniform(0.02, 0.12)])
    return position, axes, np.stack([m[:, i, j] for i, j in PAIRS])


def bound(
    heights: int, position: np.ndarray, axes: np.ndarray, elements: np.ndarray, jitter_m: float
) -> np.ndarray:
    """Cramér–Rao bound (3, 3) of the position, m^2, for a tensor with common axes in unit noise.

    The jitter's variance is in the rows' covariance, known; what that variance itself would tell is left out.
    """
    response = rows(heights)

    def at(p: np.ndarray) -> np.ndarray:
        return dipole_columns(response, p)

    slope = np.stack([(at(position + e) - at(position - e)) @ elements / (2 * STEP_M) for e in STEP_M * np.eye(3)])
    covariance = np.eye(6) + jitter_m**2 * np.einsum("aik,ail->ikl", slope, slope)
    columns = at(position)
    tensors = tensors_from_elements(elements)
    unknown = list(slope)
    for axis in range(3):
        outer = np.outer(axes[:, axis], axes[:, axis])
        for k in range(6):
            moved = np.zeros((len(columns), 6))
            moved[:, k] = columns @ [outer[i, j] for i, j in PAIRS]
            unknown.append(moved)
        turn = np.cross(np.eye(3), axes[:, axis])
        change = turn @ tensors - tensors @ turn
        unknown.append(columns @ np.stack([change[:, i, j] for i, j in PAIRS]))
    d = np.stack(unknown)
    scale = np.sqrt((d**2).sum(axis=(1, 2)))
    d /= np.maximum(scale, 1e-9 * scale.max())[:, None, None]  # a turn about an axis of revolution changes nothing
    information = np.einsum("aik,ikl,bil->ab", d, np.linalg.inv(covariance), d)
    inverse = np.linalg.pinv(information, rcond=1e-12, hermitian=True)[:3, :3]
    return inverse / np.outer(scale[:3], scale[:3])


def errors(shape: tuple[int, int], lasting: float, rng: np.random.Generator) -> np.ndarray:
    """Unit errors of the rows' positions, half of their variance correlated as exp(-(lag / lasting)^2)."""
    white = rng.standard_normal(shape)
    if not lasting:
        return white
    slow = [correlated_noise(shape[0], lasting, rng=rng) for _ in range(shape[1])]
    return np.sqrt(0.5) * (white + np.column_stack(slow))


def buried(
    cell: tuple[int, float, float], seed: int, lasting: float = 0.0
) -> tuple[Response, np.ndarray, np.ndarray, np.ndarray]:
    """Rows over one random target in unit noise, and its position, axes and elements."""
    heights, jitter_m, snr = cell
    rng = np.random.default_rng([seed, CELLS.index(cell)])
    position, axes, elements = target(rng)
    quiet = rows(heights)
    elements = elements * snr / np.abs(dipole_columns(quiet, position) @ elements).max()
    moved = quiet.tx_m + jitter_m * errors(quiet.tx_m.shape, lasting, rng)
    there = dipole_columns(rows_at(quiet, moved), position)
    return (
        rows(heights, there @ elements + rng.standard_normal((len(moved), 6)), jitter_m),
        position,
        axes,
        elements,
    )


def informed(response: Response, position: np.ndarray) -> list[float]:
    """Variance (3,) of the position from the information at the truth with the tensor's own prior added, m^2.

    The bound of van Trees for tensors of the class that fits best there; `bound` has tensors free.
    """
    rows_ = rows_of(response, np.ones(6), None, (0.005, 0.3))
    there = visit(rows_, position[None, :], None)
    there = visit(rows_, position[None, :], there, renew=True)
    return np.diag(np.linalg.inv(there.information)).tolist()


def trial(cell: tuple[int, float, float], seed: int, lasting: float = 0.0) -> dict[str, Any]:
    """One target in one cell: error, stated deviation, bound, whether the interval holds the depth, and time."""
    response, position, axes, elements = buried(cell, seed, lasting)
    heights, jitter_m, _ = cell
    began = time.perf_counter()
    estimate = locate(response, np.ones(6))
    spent = time.perf_counter() - began
    low, high = estimate.depth_interval_m(0.9)
    return {
        "error": (estimate.position_m - position).tolist(),
        "std": np.sqrt(np.diag(estimate.covariance_m2)).tolist(),
        "bound": np.diag(bound(heights, position, axes, elements, jitter_m)).tolist(),
        "inside": bool(low <= -position[2] <= high),
        "known_metal": informed(response, position),
        "seconds": spent,
    }


def rows_at(response: Response, at_m: np.ndarray) -> Response:
    """The same rows where the coils truly were."""
    from dataclasses import replace

    return replace(response, center_m=at_m, tx_m=at_m, rx_m=at_m)


def summary(trials: list[dict[str, Any]]) -> dict[str, float]:
    """Root mean squares in mm over x and y together and over depth, ratios to the bound, z-scores, coverage."""
    error, std, limit = (np.array([t[key] for t in trials]) for key in ("error", "std", "bound"))
    z = error / std
    out = {"coverage_90": float(np.mean([t["inside"] for t in trials]))}
    for name, of in (("xy", slice(0, 2)), ("z", slice(2, 3))):
        out[f"rms_{name}_mm"] = 1e3 * float(np.sqrt((error[:, of] ** 2).mean()))
        out[f"bound_{name}_mm"] = 1e3 * float(np.sqrt(limit[:, of].mean()))
        out[f"ratio_{name}"] = out[f"rms_{name}_mm"] / out[f"bound_{name}_mm"]
        out[f"zscore_std_{name}"] = float(np.sqrt((z[:, of] ** 2).mean()))
    # what the root mean squares consist of: the worst hundredth, the typical target, the bound with known metal
    square = error[:, 2] ** 2
    worst = np.argsort(square)[-max(len(square) // 100, 1) :]
    rest = np.setdiff1d(np.arange(len(square)), worst)
    out["worst_share_z"] = float(square[worst].sum() / square.sum())
    out["ratio_z_without_worst"] = float(np.sqrt(square[rest].mean() / limit[rest, 2].mean()))
    out["median_error_z_mm"] = 1e3 * float(np.median(np.abs(error[:, 2])))
    out["median_bound_z_mm"] = 1e3 * float(np.sqrt(np.median(limit[:, 2])))
    known = np.array([t["known_metal"] for t in trials])
    out["bound_known_metal_z_mm"] = 1e3 * float(np.sqrt(known[:, 2].mean()))
    out["far_off"] = float((np.abs(z).max(axis=1) > 4.0).mean())
    out["bias_depth_mm"] = -1e3 * float(error[:, 2].mean())
    out["median_bias_depth_mm"] = -1e3 * float(np.median(error[:, 2]))
    out["median_ms"] = 1e3 * float(np.median([t["seconds"] for t in trials]))
    return out


def study(
    targets: int, *, processes: int | None = None, cells: tuple = CELLS, lasting: float = 0.0
) -> list[dict[str, float]]:
    """All cells; the same number gives the same targets."""
    trial(CELLS[0], 0)  # compiled once, before the processes part
    out = []
    with threadpool_limits(1), ProcessPoolExecutor(processes) as pool:  # small matrices: threads get in the way
        for cell in cells:
            done = list(pool.map(partial(trial, cell, lasting=lasting), range(targets), chunksize=8))
            out.append(
                {
                    "heights": cell[0],
                    "jitter_mm": 1e3 * cell[1],
                    "snr": cell[2],
                    "targets": targets,
                    **summary(done),
                }
            )
    return out


def draw(table: list[dict[str, float]], path: Path) -> None:
    """Bars: root mean square error over the bound, z-scores and coverage, cell by cell."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    label = [f"{r['heights']:.0f} h\n{r['jitter_mm']:.0f} mm\n{r['snr']:.0f}" for r in table]
    x = np.arange(len(table))
    figure, axes = plt.subplots(3, 1, figsize=(7.5, 6.5), sharex=True, layout="constrained")
    for name, move, colour in (("xy", -0.2, "#4477aa"), ("z", 0.2, "#cc6677")):
        axes[0].bar(x + move, [r[f"rms_{name}_mm"] for r in table], 0.36, color=colour, label=f"rms error, {name}")
        axes[0].plot(
            np.column_stack([x + move - 0.18, x + move + 0.18]).T,
            np.array([[r[f"bound_{name}_mm"]] * 2 for r in table]).T,
            color="black",
            lw=1.6,
        )
        axes[1].bar(x + move, [r[f"zscore_std_{name}"] for r in table], 0.36, color=colour, label=name)
    axes[0].plot([], [], color="black", label="Cramér–Rao bound")
    axes[0].set_ylabel("mm")
    axes[0].set_yscale("log")
    axes[0].set_ylim(0.2, 30)
    axes[0].set_yticks([0.3, 1, 3, 10], ["0.3", "1", "3", "10"])
    axes[0].legend(fontsize=8, ncols=3)
    axes[1].axhspan(np.sqrt(0.8), np.sqrt(1.2), color="0.85", zorder=0)
    axes[1].set_ylabel("rms of error /\nstated deviation")
    axes[1].set_ylim(0, 2.6)
    axes[2].bar(x, [100 * r["coverage_90"] for r in table], 0.5, color="#999933")
    axes[2].axhspan(85, 95, color="0.85", zorder=0)
    axes[2].set_ylim(60, 100)
    axes[2].set_ylabel("depth within its\n90 % interval, %")
    axes[2].set_xticks(x, label, fontsize=8)
    axes[2].set_xlabel("coil heights, position jitter, peak over noise")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=90, metadata={"Software": None})
    plt.close(figure)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--targets", type=int, default=500)
    parser.add_argument("--lasting", type=float, default=0.0, metavar="ROWS")
    parser.add_argument("--picture", type=Path)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    table = study(options.targets, lasting=options.lasting)
    names = [name for name in table[0] if name != "targets"]
    print("  ".join(names))
    for row in table:
        print("  ".join(f"{row[name]:{len(name)}.4g}" for name in names))
    if options.picture:
        draw(table, options.picture)
    if options.json:
        options.json.write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
