"""From coil voltage to a response without the instrument's scale, as real channels side by side."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import comb
from typing import TYPE_CHECKING

import numpy as np

from dualsense.constants import MU0_H_M
from dualsense.survey import lever_arm

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualsense.scan import EmiData
    from dualsense.survey import Track

NOISE_ORDER = 5
ROW_FIELDS = ("time_s", "values", "coil", "center_m", "tx_m", "rx_m", "rotation", "position_std_m", "count")
"""Fields of a `Response` that have one entry per row."""


@dataclass(frozen=True, slots=True, eq=False)
class Response:
    """Induction soundings ready for inversion: one column per real channel.

    Attributes
    ----------
    time_s : (m,)
    values : (m, c)
        H_R . M . H_T of what lies below plus soil, drift and noise. Frequency modality: the real parts of all
        frequencies, then the imaginary parts; pulse modality: one column per gate, the rate of change times the
        gate's time, which is of the size of the decaying polarizability itself. In metres.
    channel_hz : (c,)
        Frequency of each column (pulse: 1 / (2 pi gate centre)).
    imaginary : (c,) bool
    coil : (m,) intp
        Row of the coil tables.
    center_m : (m, 3)
        Mean of the two coil centres.
    tx_m, rx_m : (m, 3)
    rotation : (m, 3, 3)
        Head to local.
    position_std_m : (m, 3)
        NaN where the file states none.
    count : (m,)
        How many recorded samples each row stands for.
    tx_radius_m, rx_radius_m : (k,)
        Of each coil pair.
    """

    time_s: NDArray[np.float64]
    values: NDArray[np.float64]
    channel_hz: NDArray[np.float64]
    imaginary: NDArray[np.bool_]
    coil: NDArray[np.intp]
    center_m: NDArray[np.float64]
    tx_m: NDArray[np.float64]
    rx_m: NDArray[np.float64]
    rotation: NDArray[np.float64]
    position_std_m: NDArray[np.float64]
    count: NDArray[np.float64]
    tx_radius_m: NDArray[np.float64]
    rx_radius_m: NDArray[np.float64]


def take_rows(response: Response, rows: NDArray[np.intp] | NDArray[np.bool_]) -> Response:
    """Take some rows of a response, by index or by a mask (m,)."""
    return replace(response, **{name: getattr(response, name)[rows] for name in ROW_FIELDS})


def normalise(emi: EmiData, track: Track) -> Response:
    """Divide by -i omega mu0 and the turns, and lay the real channels side by side.

    By reciprocity V = -i omega mu0 I H_R . M . H_T, so what remains is the target's polarizability seen through
    the two fields. Samples without a pose or with a missing value are left out, and so are channels that are
    missing altogether.

    Parameters
    ----------
    emi
        m samples over k frequencies or gates.
    track
        The head at those m samples.

    Returns
    -------
    Response
        2k (frequency) or k (pulse) real channels.

    Raises
    ------
    ValueError
        When the data have neither frequencies nor gates.
    """
    turns = (emi.tx_turns * emi.rx_turns)[emi.channel][:, None]
    if emi.frequency_hz is not None:
        z = emi.data / (-2j * np.pi * emi.frequency_hz * MU0_H_M * turns)
        values = np.concatenate([z.real, z.imag], axis=1)
        hz = np.tile(emi.frequency_hz, 2)
        imaginary = np.repeat([False, True], emi.frequency_hz.size)
    elif emi.gate_time_s is not None:
        centre = np.maximum(emi.gate_time_s.mean(axis=1), 1e-9)
        values = np.asarray(emi.data, dtype=np.float64) * centre / (MU0_H_M * turns)
        hz = 1.0 / (2.0 * np.pi * centre)
        imaginary = np.zeros(hz.size, dtype=bool)
    else:
        msg = "induction data need frequency_hz or gate_time_s, got neither"
        raise ValueError(msg)
    alive = np.isfinite(values).mean(axis=0) > 0.5
    values, hz, imaginary = values[:, alive], hz[alive], imaginary[alive]
    keep = np.isfinite(values).all(axis=1) & track.covered
    tx = lever_arm(track, emi.tx_position_m, emi.channel)[keep]
    rx = lever_arm(track, emi.rx_position_m, emi.channel)[keep]
    return Response(
        time_s=emi.time_s[keep],
        values=values[keep],
        channel_hz=hz,
        imaginary=imaginary,
        coil=emi.channel[keep],
        center_m=0.5 * (tx + rx),
        tx_m=tx,
        rx_m=rx,
        rotation=np.array(track.rotation[keep]),
        position_std_m=track.position_std_m[keep],
        count=np.ones(int(keep.sum())),
        tx_radius_m=emi.tx_radius_m,
        rx_radius_m=emi.rx_radius_m,
    )


def white_noise(response: Response) -> NDArray[np.float64]:
    """Noise of one recorded sample per channel (c,), from fifth differences of neighbours.

    Drift, soil and targets vary smoothly from sample to sample, so the fifth difference leaves little of them,
    where the third told 45 % too much over strong metal in magnetic soil; the median over all samples takes care
    of the rest. Noise that a filter has correlated from sample to sample is told too small.
    """
    floor = 1e-9 * np.abs(response.values).max(axis=0, initial=0.0) + np.finfo(float).tiny
    # coils of an array head take turns: a neighbour is the next sample of the same coil
    own = [response.values[response.coil == k] for k in np.unique(response.coil)]
    steps = np.concatenate([np.empty((0, floor.size)), *(np.diff(v, n=NOISE_ORDER, axis=0) for v in own)])
    if steps.shape[0] == 0:
        return floor
    noise: NDArray[np.float64] = (
        np.median(np.abs(steps), axis=0) / 0.6745 / np.sqrt(comb(2 * NOISE_ORDER, NOISE_ORDER))
    )
    return np.maximum(noise, floor)


def drop_spikes(response: Response, noise: NDArray[np.float64], *, factor: float = 15.0) -> tuple[Response, int]:
    """Leave out single samples that stick out of both their neighbours on either side.

    Metal passes under the coil over many samples; a spike of the electronics is one sample that differs from the
    median of its five by ``factor`` times the noise and by three times the spread of the other four.

    Parameters
    ----------
    response
        m samples over c channels.
    noise : (c,)
        White noise of one sample.
    factor
        How many times the noise a spike stands out.

    Returns
    -------
    Response
        Without the spikes.
    int
        How many there were.
    """
    spike = np.zeros(response.time_s.size, dtype=bool)
    for k in np.unique(response.coil):
        rows = np.flatnonzero(response.coil == k)
        if rows.size < 5:
            continue
        values = response.values[rows]
        sides = [values[k : k + len(values) - 4] for k in (0, 1, 3, 4)]
        own = values[2:-2]
        low, high = np.minimum(sides[0], sides[1]), np.maximum(sides[0], sides[1])
        left, right = np.minimum(sides[2], sides[3]), np.maximum(sides[2], sides[3])
        # the median of five is the sample itself, or one of the two values in the middle of the other four
        inner, outer = np.maximum(low, left), np.minimum(high, right)
        below, above = np.minimum(inner, outer), np.maximum(inner, outer)
        away = np.abs(own - np.clip(own, below, above))
        spread = np.maximum(high, right) - np.minimum(low, left)
        spike[rows[2:-2]] = ((away > factor * noise) & (away > 3.0 * spread)).any(axis=1)
    return take_rows(response, ~spike), int(spike.sum())


def bin_along_track(response: Response, *, bin_m: float = 0.012) -> Response:
    """Average samples over equal steps of the way, so that a slow sweep costs no more than a quick one.

    A coil averages the ground over its own radius; bins well below that lose nothing.

    Parameters
    ----------
    response
        Samples along the track.
    bin_m
        Length of way per row; 0 keeps the samples as they are.
    """
    if bin_m <= 0.0 or response.time_s.size == 0:
        return response
    step = np.linalg.norm(np.diff(response.center_m[:, :2], axis=0), axis=1)
    way = np.concatenate([[0.0], np.cumsum(step)])
    label = np.floor(way / bin_m).astype(np.intp) * response.tx_radius_m.size + response.coil
    _, first, row, count = np.unique(label, return_index=True, return_inverse=True, return_counts=True)

    def mean(a: NDArray[np.float64]) -> NDArray[np.float64]:
        flat = a.reshape(a.shape[0], -1)
        out = np.stack([np.bincount(row, flat[:, k], count.size) for k in range(flat.shape[1])], axis=1)
        return (out / count[:, None]).reshape(count.size, *a.shape[1:])

    return replace(
        response,
        time_s=mean(response.time_s),
        values=mean(response.values),
        coil=response.coil[first],
        center_m=mean(response.center_m),
        tx_m=mean(response.tx_m),
        rx_m=mean(response.rx_m),
        rotation=response.rotation[first],
        position_std_m=mean(response.position_std_m),
        count=count.astype(np.float64),
    )
