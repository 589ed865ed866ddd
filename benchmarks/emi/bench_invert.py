"""Time of the joint dipole inversion on invented lanes of 4 and 12 objects, and of its steps beside plain NumPy.

A ratio is the time of the plain formulation (einsum, one QR of all columns, node by node) over that of the step.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING
from unittest import mock

import numpy as np
from benchmarks.calibrate import scenes

from dualsense.emi._balance import balance
from dualsense.emi._columns import column_rows
from dualsense.emi._joint.find import find_dipoles
from dualsense.emi._joint.search import NODE_DEPTHS_M, NodeGrid
from dualsense.emi._joint.span import Span
from dualsense.emi._latency import estimate_latency
from dualsense.emi._locate.refine import refine
from dualsense.emi._response import bin_along_track, normalise, white_noise
from dualsense.induction._field import loop_field
from dualsense.simulate import simulate_scan
from dualsense.survey import track_at

if TYPE_CHECKING:
    from collections.abc import Callable

    from dualsense.emi._response import Response

ROUNDS = 3
GRIDS = {4: (2, 2), 12: (4, 3)}


def measured(objects: int) -> tuple[Response, Response, np.ndarray]:
    """Samples of the first training lane with so many objects, binned rows, and their noise."""
    columns, rows = GRIDS[objects]
    lane = scenes.lanes("train", 1)[0]
    with mock.patch.multiple(scenes, COLUMNS=columns, ROWS=rows):
        scene = scenes.scene(lane)
    emi, pose = (scan := simulate_scan(scene, seed=lane.seed)).emi, scan.pose
    samples = normalise(emi, track_at(pose, emi.time_s))
    binned = bin_along_track(samples)
    return samples, binned, white_noise(samples) / np.sqrt(np.median(binned.count))


def plain_columns(rows: Response, position: np.ndarray) -> np.ndarray:
    h = []
    for at, radius in ((rows.tx_m, rows.tx_radius_m), (rows.rx_m, rows.rx_radius_m)):
        local = np.einsum("nji,nj->ni", rows.rotation, position - at)
        h.append(np.einsum("nij,nj->ni", rows.rotation, loop_field(local, radius_m=float(radius[0]))))
    t, r = h
    cross = [t[:, i] * r[:, j] + t[:, j] * r[:, i] for i, j in ((0, 1), (0, 2), (1, 2))]
    return np.stack([*(t[:, i] * r[:, i] for i in range(3)), *cross], axis=1)


def plain_scan(rows: Response, nodes: np.ndarray, residual: np.ndarray, q: np.ndarray, reach_m: float) -> None:
    for node in nodes:
        near = np.flatnonzero(np.linalg.norm(rows.center_m[:, :2] - node, axis=1) <= reach_m)
        local = np.stack([np.array([*node, -z]) - rows.tx_m[near] for z in NODE_DEPTHS_M])
        other = np.stack([np.array([*node, -z]) - rows.rx_m[near] for z in NODE_DEPTHS_M])
        h_t = loop_field(local, radius_m=float(rows.tx_radius_m[0]))
        h_r = loop_field(other, radius_m=float(rows.rx_radius_m[0]))
        c = (h_t * h_r).sum(axis=-1).T
        gram = (c * c).sum(axis=0) - ((q[near].T @ c) ** 2).sum(axis=0)
        ((c.T @ residual[near]) ** 2).sum(axis=1) / np.maximum(gram, 1e-4 * (c * c).sum(axis=0) + 1e-300)


def best(step: Callable[[], object]) -> float:
    """Least processor time of some rounds, after one that compiles."""
    step()
    spent = []
    for _ in range(ROUNDS):
        began = time.process_time()
        step()
        spent.append(time.process_time() - began)
    return min(spent)


def steps(rows: Response, noise: np.ndarray) -> dict[str, float]:
    """Columns of a dipole, a trial of three beside drift, soil and nine more, and a scan from scratch."""
    at = np.array([*rows.center_m[:, :2].mean(axis=0), -0.05])
    rng = np.random.default_rng(0)
    places = at + rng.uniform(-1.0, 1.0, (12, 3)) * np.array([0.4, 0.3, 0.03])
    ground = balance(rows, noise).basis
    objects = [column_rows(rows, place) for place in places]
    resting = (
        Span.nothing(rows.values.T).joined(np.ascontiguousarray(ground.T)).joined(np.concatenate(objects[:9]))
    )
    moving = np.concatenate(objects[9:])
    everything = np.concatenate([ground, *(o.T for o in objects)], axis=1)

    def plain_trial() -> np.ndarray:
        q, _ = np.linalg.qr(everything / np.sqrt((everything**2).sum(axis=0)))
        return rows.values - q @ (q.T @ rows.values)

    rest, basis = resting.rest, np.concatenate(resting.blocks)
    nodes = NodeGrid.over(rows, node_m=0.02, reach_m=0.3).nodes

    def scan() -> object:
        return NodeGrid.over(rows, node_m=0.02, reach_m=0.3).drops(rest, basis, np.ones(rows.time_s.size))

    def plain() -> None:
        plain_scan(rows, nodes, np.ascontiguousarray(rest.T), np.ascontiguousarray(basis.T), 0.3)

    return {
        "columns_ratio": best(lambda: plain_columns(rows, at)) / best(lambda: column_rows(rows, at)),
        "trial_ratio": best(plain_trial) / best(lambda: resting.joined(moving).misfit()),
        "scan_ratio": best(plain) / best(scan),
    }


def run() -> dict[str, float]:
    out: dict[str, float] = {}
    for objects in GRIDS:
        samples, rows, noise = measured(objects)
        found = find_dipoles(rows, noise)
        out |= {
            f"rows_{objects}": float(rows.time_s.size),
            f"dipoles_{objects}": float(len(found.dipoles)),
            f"invert_{objects}_s": best(lambda rows=rows, noise=noise: find_dipoles(rows, noise)),
            f"refine_{objects}_s": best(lambda rows=rows, found=found: refine(rows, found)),
            f"latency_{objects}_s": best(lambda s=samples: estimate_latency(s, white_noise(s))),
        }
    return out | steps(rows, noise)


if __name__ == "__main__":
    print(json.dumps(run(), indent=2))
