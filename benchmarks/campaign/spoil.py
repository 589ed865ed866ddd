"""What can go wrong with a recording: functions that spoil a scan, by how much they are told to."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from benchmarks.campaign import places

if TYPE_CHECKING:
    from benchmarks.campaign.places import Stream

    from dualsense.scan import Scan

    Rng = np.random.Generator


def _rows(scan: Scan, data: Stream, rng: Rng, at: str, size: float) -> np.ndarray:
    """Samples (n,) that a fault strikes: near the mine ("mine", m), around a pass over it ("time", s), or all."""
    if at == "mine":
        return places.over_mine(scan, data.time_s, size)
    if at == "time":
        return places.within(data.time_s, places.stretch(scan, rng, size))
    return np.ones(data.time_s.size, dtype=bool)


def frozen(scan: Scan, rng: Rng, size: float, *, sensors: str, at: str) -> Scan:
    """Repeat the sample before, from one end of each run to its other."""
    span = places.stretch(scan, rng, size) if at == "time" else None

    def spoil(data: Stream) -> Stream:
        hit = places.within(data.time_s, span) if span else _rows(scan, data, rng, at, size)
        source = np.arange(hit.size)
        source[hit] = 0
        return replace(data, data=data.data[np.maximum.accumulate(source)])

    return places.change(scan, sensors, spoil)


def noise_only(
    scan: Scan, rng: Rng, size: float, *, sensors: str, at: str, level: str = "mean", gain: float = 1.0
) -> Scan:
    """Replace by noise about the mean of the scan, about a line between the ends, or by what the scan spreads."""
    span = places.stretch(scan, rng, size) if at == "time" else None

    def spoil(data: Stream) -> Stream:
        hit = places.within(data.time_s, span) if span else _rows(scan, data, rng, at, size)
        if not hit.any() or hit.all():
            return data
        values = data.data.copy()
        rest = np.flatnonzero(~hit)
        std = gain * (places.spread(values) if level == "spread" else places.noise_std(values))
        middle = np.broadcast_to(values.mean(axis=0), (int(hit.sum()), values.shape[1]))
        if level == "line":
            before = rest[np.maximum(np.searchsorted(rest, np.flatnonzero(hit)) - 1, 0)]
            middle = values[before]
        values[hit] = (middle + places.noise_like(middle, rng, std)).astype(values.dtype)
        return replace(data, data=values)

    return places.change(scan, sensors, spoil)


def lost(scan: Scan, rng: Rng, size: float, *, sensors: str, at: str) -> Scan:
    """Leave samples out."""
    span = places.stretch(scan, rng, size) if at == "time" else None

    def spoil(data: Stream) -> Stream:
        hit = places.within(data.time_s, span) if span else _rows(scan, data, rng, at, size)
        return places.kept(data, ~hit)

    return places.change(scan, sensors, spoil)


def every_nth(scan: Scan, _rng: Rng, size: float, *, sensors: str, how: str) -> Scan:
    """Keep every nth sample only, or let every nth repeat the one before."""

    def spoil(data: Stream) -> Stream:
        n = np.arange(data.time_s.size)
        if how == "keep":
            return places.kept(data, n % int(size) == 0)
        return replace(data, data=data.data[np.where((n % int(size) == 0) & (n > 0), n - 1, n)])

    return places.change(scan, sensors, spoil)


def bursts_lost(scan: Scan, rng: Rng, size: float, *, sensors: str) -> Scan:
    """Lose a part of the samples, eight in a row."""

    def spoil(data: Stream) -> Stream:
        gone = np.repeat(rng.random(-(-data.time_s.size // 8)) < size, 8)[: data.time_s.size]
        gone[[0, -1]] = False
        return places.kept(data, ~gone)

    return places.change(scan, sensors, spoil)


def cut_beside(scan: Scan, _rng: Rng, size: float, *, side: str) -> Scan:
    """Cut all samples off that lie beyond a line this far beside the mine, or only rows 6 cm wide beyond it."""
    x, y = places.mine_m(scan)

    def beyond(time_s: np.ndarray) -> np.ndarray:
        at = places.position_m(scan, time_s)
        along = {"late": y - at[:, 1], "early": at[:, 1] - y, "rows": at[:, 1] - y, "left": x - at[:, 0]}[side]
        if side == "rows":
            return (along > size) & (along < size + 0.06)
        return along > size

    def spoil(data: Stream) -> Stream:
        return places.kept(data, ~beyond(data.time_s))

    if side in ("late", "early"):
        keep = ~beyond(scan.pose.time_s)
        pose, std = scan.pose, scan.pose.position_std_m
        std = None if std is None else std[keep]
        turned = None if pose.orientation is None else pose.orientation[keep]
        pose = replace(pose, time_s=pose.time_s[keep], position_m=pose.position_m[keep], orientation=turned)
        scan = replace(scan, pose=replace(pose, position_std_m=std))
    return places.change(scan, "both", spoil)


def added(
    scan: Scan, rng: Rng, size: float, *, sensors: str, kind: str, at: str = "all", dead: bool = False
) -> Scan:
    """Add noise, hum, a beat, drift or spikes, ``size`` times what the scan spreads; to nothing if it is dead."""

    def spoil(data: Stream) -> Stream:
        values, t = data.data, data.time_s - data.time_s[0]
        hit = np.ones(t.size, bool) if at == "all" else places.within(data.time_s, places.stretch(scan, rng, 5.0))
        std = places.spread(values)
        phase = rng.uniform(0.0, 2.0 * np.pi, size=values.shape[1] if kind == "hum" else 1)
        waves = {
            "hum": 50.0 + rng.uniform(-2.0, 2.0),
            "beat": rng.uniform(0.1, 0.6),
            "wobble": rng.uniform(1.0, 4.0),
        }
        if kind in waves:
            wave = np.sin(2.0 * np.pi * waves[kind] * t[:, None] + phase)
        elif kind == "drift":
            wave = np.cumsum(rng.normal(size=(t.size, 1)), axis=0) / np.sqrt(t.size)
        elif kind == "spikes":
            wave = (rng.random((t.size, 1)) < 0.03) * rng.normal(size=(t.size, 1)) * 3.0
        else:
            wave = places.noise_like(values, rng, np.ones(values.shape[1]))
        quiet = places.noise_like(values, rng, places.noise_std(values)) + values.mean(axis=0)
        base = np.where(hit[:, None], quiet, values) if dead else values
        return replace(data, data=(base + size * std * wave * hit[:, None]).astype(values.dtype))

    return places.change(scan, sensors, spoil)


def clipped(scan: Scan, _rng: Rng, size: float, *, sensors: str) -> Scan:
    """Clip at a part of the largest value."""

    def spoil(data: Stream) -> Stream:
        values = data.data
        if not np.iscomplexobj(values):
            limit = size * np.abs(values).max()
            return replace(data, data=values.clip(-limit, limit))
        limit = size * max(np.abs(values.real).max(), np.abs(values.imag).max())
        both = values.real.clip(-limit, limit) + 1j * values.imag.clip(-limit, limit)
        return replace(data, data=both.astype(values.dtype))

    return places.change(scan, sensors, spoil)


def gain(scan: Scan, rng: Rng, size: float, *, sensors: str, at: str) -> Scan:
    """Multiply samples half-way on, over a stretch of 5 s, near the mine, or fading from all to that."""
    x = scan.pose.time_s
    middle = float(x[0] + (x[-1] - x[0]) * rng.uniform(0.3, 0.7))

    def spoil(data: Stream) -> Stream:
        if at == "fade":
            part = np.linspace(0.0, 1.0, data.time_s.size)
            return replace(data, data=(data.data * (1.0 + (size - 1.0) * part)[:, None]).astype(data.data.dtype))
        size_m = 5.0 if at == "time" else 0.12
        hit = data.time_s >= middle if at == "half" else _rows(scan, data, rng, at, size_m)
        return replace(data, data=(data.data * np.where(hit, size, 1.0)[:, None]).astype(data.data.dtype))

    return places.change(scan, sensors, spoil)


def replayed(scan: Scan, rng: Rng, size: float, *, sensors: str) -> Scan:
    """Give a stretch the samples of another time, as a buffer that was not emptied does."""
    span = places.stretch(scan, rng, size)

    def spoil(data: Stream) -> Stream:
        hit = np.flatnonzero(places.within(data.time_s, span))
        away = hit.size + int(rng.integers(5, 40))
        source = hit - away if hit.size and hit[0] >= away else (hit + away) % data.time_s.size
        values = data.data.copy()
        values[hit] = data.data[source]
        return replace(data, data=values)

    return places.change(scan, sensors, spoil)


def shuffled(scan: Scan, rng: Rng, size: float, *, sensors: str) -> Scan:
    """Mix the order of samples within blocks of so many."""

    def spoil(data: Stream) -> Stream:
        order = np.arange(data.time_s.size)
        for start in range(0, order.size, int(size)):
            rng.shuffle(order[start : start + int(size)])
        return replace(data, data=data.data[order])

    return places.change(scan, sensors, spoil)


def clock(scan: Scan, _rng: Rng, size: float, *, sensors: str, rate: bool = False) -> Scan:
    """Let a sensor's clock be off by so many seconds, or run so much too fast."""
    if sensors == "pose":
        return replace(scan, pose=replace(scan.pose, time_s=scan.pose.time_s + size))

    def spoil(data: Stream) -> Stream:
        first = data.time_s[0]
        return replace(data, time_s=first + (data.time_s - first) * (1.0 + size) if rate else data.time_s + size)

    return places.change(scan, sensors, spoil)


def noisy_tones(scan: Scan, rng: Rng, size: float, *, count: int) -> Scan:
    """Add noise, ``size`` times what they spread, to some of the radar's columns."""
    data = scan.gpr
    columns = rng.choice(data.data.shape[1], size=min(count, data.data.shape[1]), replace=False)
    values = data.data.copy()
    values[:, columns] += places.noise_like(values[:, columns], rng, size * places.spread(values)[columns])
    return replace(scan, gpr=replace(data, data=values))


def fewer_columns(scan: Scan, _rng: Rng, size: float, *, how: str) -> Scan:
    """Cut the radar's record short: keep the first part of its samples, or every nth tone."""
    data = scan.gpr
    count = data.data.shape[1]
    keep = np.arange(0, count, int(size)) if how == "every" else np.arange(max(8, int(size * count)))
    hz = None if data.frequency_hz is None else data.frequency_hz[keep]
    at_s = None if data.sample_time_s is None else data.sample_time_s[keep]
    reference = None if data.reference is None else data.reference[keep]
    data = replace(
        data,
        data=np.ascontiguousarray(data.data[:, keep]),
        frequency_hz=hz,
        sample_time_s=at_s,
        reference=reference,
    )
    return replace(scan, gpr=data)


def turned_phase(scan: Scan, rng: Rng, size: float, *, kind: str) -> Scan:
    """Turn the radar's phase, or delay it (ns), from a moment on."""
    data = scan.gpr
    after = data.time_s >= np.quantile(data.time_s, rng.uniform(0.3, 0.7))
    values = data.data.copy()
    if data.frequency_hz is None:
        shift = round(size if kind == "delay" else 1)
        values[after] = np.roll(values[after], shift, axis=1) if kind == "delay" else -values[after]
    else:
        turn = size if kind == "phase" else -2.0 * np.pi * 1e-9 * size * data.frequency_hz
        values[after] = (values[after] * np.exp(1j * turn)).astype(values.dtype)
    return replace(scan, gpr=replace(data, data=values))


def lever(scan: Scan, _rng: Rng, size: float, *, sensors: str, axis: int) -> Scan:
    """Let the file tell a sensor's place on the head wrong by so many metres along an axis."""

    def spoil(data: Stream) -> Stream:
        move = size * np.eye(3)[axis]
        return replace(data, tx_position_m=data.tx_position_m + move, rx_position_m=data.rx_position_m + move)

    return places.change(scan, sensors, spoil)


def interference(scan: Scan, rng: Rng, size: float, *, sensors: str, columns: int) -> Scan:
    """Add noise, ``size`` times what they spread, to a few columns for 5 s around a pass over the mine."""
    span = places.stretch(scan, rng, 5.0)

    def spoil(data: Stream) -> Stream:
        values, hit = data.data.copy(), places.within(data.time_s, span)
        some = rng.choice(values.shape[1], size=min(columns, values.shape[1]), replace=False)
        std = size * places.spread(values)[some]
        values[np.ix_(hit, some)] += places.noise_like(values[np.ix_(hit, some)], rng, std).astype(values.dtype)
        return replace(data, data=values)

    return places.change(scan, sensors, spoil)


def coupling(scan: Scan, rng: Rng, size: float) -> Scan:
    """Add to the radar's soundings, for 8 s around a pass over the mine, so much of their mean at odd phases."""
    span, data = places.stretch(scan, rng, 8.0), scan.gpr
    hit, values = places.within(data.time_s, span), data.data.copy()
    mean = values.mean(axis=0)
    if np.iscomplexobj(values):
        ramp = np.linspace(0.0, rng.uniform(3.0, 12.0), mean.size)
        mean = mean * np.exp(1j * ramp)
    else:
        mean = np.roll(mean, int(rng.integers(2, 12)))
    values[hit] += (size * mean).astype(values.dtype)
    return replace(scan, gpr=replace(data, data=values))
