"""Kernel of the coherence map: what one dipole under each node explains of the rows around it.

Plain arrays, no validation, the caller allocates.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dualsense.emi._isotropic_kernels import field, local
from dualsense.emi._maps._near_kernels import boxes, near
from dualsense.runtime.jit import jit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualsense.emi._columns_kernels import RowCoils

    Index = NDArray[np.intp]
    Real = NDArray[np.float64]


@jit(checked_division=False)
def _explained(depth: float, room: Real, data: Real) -> float:
    """Energy of some rows that an isotropic dipole at a depth explains, free in every channel.

    depth in m; room (24, r) as `coherent` lays it out; data (c, r) are weighted rows.
    """
    t, h, f = room[16:19], room[19:22], room[22]
    field(room[0:3], room[6:9], depth, room[9], room[11:16], t)
    field(room[3:6], room[6:9], depth, room[10], room[11:16], h)
    own, weight = 0.0, room[23]
    for i in range(f.shape[0]):
        f[i] = weight[i] * (t[0, i] * h[0, i] + t[1, i] * h[1, i] + t[2, i] * h[2, i])
        own += f[i] * f[i]
    drop = 0.0
    for k in range(data.shape[0]):
        s, values = 0.0, data[k]
        for i in range(f.shape[0]):
            s += f[i] * values[i]
        drop += s * s
    return drop / (own + 1e-300)


@jit(checked_division=False)
def coherent(
    nodes: Real,
    depths: Real,
    window: float,
    fewest: int,
    most: int,
    xy: Real,
    coils: RowCoils,
    weight: Real,
    rest: Real,
    out: Real,
) -> None:
    """Find the adjusted share of the energy around every node that an isotropic dipole below it explains.

    At the best of some depths.

    Parameters
    ----------
    nodes : (k, 2)
        Places, m.
    depths : (d,)
        Of the dipole, m.
    window
        Rows within this distance are explained, m.
    fewest, most
        A node with fewer rows has NaN; of more than ``most`` every second, third, ... counts.
    xy : (m, 2)
        Where the rows are, m.
    coils
        Their loops.
    weight : (m,)
        Of the rows.
    rest : (m, c)
        Balanced rows in units of their noise.
    out : (k,)
        Filled, 0-1.
    """
    tx, rx, rotation, tx_radius, rx_radius = coils
    box, around = boxes(xy), np.empty(xy.shape[0], dtype=np.intp)
    channels = rest.shape[1]
    own = np.empty(min(most, xy.shape[0]), dtype=np.intp)
    for n in range(nodes.shape[0]):
        count = near(xy, box, nodes[n, 0], nodes[n, 1], window, around)
        if count < fewest:
            out[n] = np.nan
            continue
        step = (count + most - 1) // most
        size, energy = (count + step - 1) // step, 0.0
        # the node from tx (3) and rx (3), upwards (3), radii (2), work of `field` (5), fields (6), column, weight
        room, data = np.empty((24, size)), np.empty((channels, size))
        for i in range(size):
            row = around[i * step]
            own[i], room[9, i], room[10, i], room[23, i] = row, tx_radius[row], rx_radius[row], weight[row]
            for k in range(3):
                room[6 + k, i] = rotation[row, 2, k]
            for k in range(channels):
                data[k, i] = rest[row, k] * weight[row]
                energy += data[k, i] * data[k, i]
        if not energy > 0.0:
            out[n] = 0.0
            continue
        local(nodes[n], tx, rotation, own[:size], room[0:3])
        local(nodes[n], rx, rotation, own[:size], room[3:6])
        most_explained = 0.0
        for d in range(depths.shape[0]):
            most_explained = max(most_explained, _explained(depths[d], room, data))
        left = max(energy - most_explained, 0.0)
        out[n] = min(max(1.0 - (left / (size - 1)) / (energy / size), 0.0), 1.0)


@jit(checked_division=False)
def between(rows: Index, columns: Index, every: int, lattice: Real, count: int, out: Real) -> None:
    """Mean of the nearest nodes of a lattice at cells between them, nearer ones weighing more.

    Parameters
    ----------
    rows, columns : (k,)
        Of the cells.
    every
        Cells from one node to the next.
    lattice : (y, x)
        Values of the nodes; -inf where there is none, NaN for one of which nothing is known.
    count
        Nodes that are asked, at most 4 and no more than there are; and all that are as near as the last of them.
    out : (k,)
        Filled; NaN where nothing is known of any.
    """
    far = np.empty(4, dtype=np.int64)
    ny, nx = lattice.shape
    for n in range(rows.size):
        mid_y, mid_x = rows[n] // every, columns[n] // every
        found, ring = 0, 0
        while found < count or far[count - 1] >= (ring * every + 1) ** 2:  # others are at least this far
            found, ring = 0, ring + 1
            for y in range(max(mid_y - ring, 0), min(mid_y + ring + 1, ny)):
                for x in range(max(mid_x - ring, 0), min(mid_x + ring + 1, nx)):
                    square = (y * every - rows[n]) ** 2 + (x * every - columns[n]) ** 2
                    if lattice[y, x] == -np.inf or (found == count and square >= far[count - 1]):
                        continue
                    found = min(found + 1, count)
                    k = found - 1
                    while k > 0 and far[k - 1] > square:
                        far[k] = far[k - 1]
                        k -= 1
                    far[k] = square
        total, mean = 0.0, 0.0
        for y in range(max(mid_y - ring, 0), min(mid_y + ring + 1, ny)):
            for x in range(max(mid_x - ring, 0), min(mid_x + ring + 1, nx)):
                square = (y * every - rows[n]) ** 2 + (x * every - columns[n]) ** 2
                if square <= far[count - 1] and lattice[y, x] > -np.inf:  # NaN is not
                    share = max(1.0 - np.sqrt(square) / (1.5 * every), 1e-3)
                    total += share
                    mean += share * lattice[y, x]
        out[n] = mean / total if total > 0.0 else np.nan
