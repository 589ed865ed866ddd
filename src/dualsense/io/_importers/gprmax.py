"""gprMax output files: A-scans and merged B-scans of one or several receivers.

Source: the layout documented in gprMax's manual ("Output data"), and files of versions 3.0 and 3.1: groups
``srcs`` or ``txs``, positions as attributes or as datasets, steps between model runs in cells.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import h5py
import numpy as np

from dualsense.errors import ScanError, UsageError
from dualsense.io import _schema as schema
from dualsense.io._hdf5 import file_digest
from dualsense.io._importers.options import MAX_DELAY_S, MAX_HEIGHT_M, is_number, number_option, whole_option
from dualsense.io._nodes import attribute_path
from dualsense.io._opening import open_source
from dualsense.io._samples import Stream, examine_samples
from dualsense.io._text import one_line, single_line
from dualsense.scan import GprData, Pose, Scan, ScanHeader

if TYPE_CHECKING:
    import os

    from numpy.typing import NDArray

    from dualsense.io._nodes import Source
    from dualsense.scan import Fault

ELECTRIC = ("Ex", "Ey", "Ez")
COMPONENTS = (*ELECTRIC, "Hx", "Hy", "Hz", "Ix", "Iy", "Iz")
RUN_INTERVAL_S = 0.1
"""Model runs have no clock; this one keeps their track without gaps."""
_RECEIVERS = "/rxs"
_SOURCES = ("/srcs/src", "/txs/tx", "/tls/tl")
_CELLS = ("dx_dy_dz", "dx, dy, dz")
_SOURCE_STEPS = ("srcsteps", "txsteps")
_LOCAL_AXES = {"z": {"x": "x", "y": "y", "z": "z"}, "y": {"x": "x", "y": "z", "z": "y"}}


@dataclass(frozen=True, slots=True, eq=False)
class _Model:
    """Where and how densely the model was sampled, in the model's own axes."""

    dt_s: float
    tx_m: NDArray[np.float64]
    rx_m: NDArray[np.float64]
    step_m: NDArray[np.float64]


def is_gprmax(path: str | os.PathLike[str]) -> bool:
    """Whether an HDF5 file is a gprMax output."""
    try:
        with h5py.File(path, "r", locking="best-effort") as file:
            receivers = _RECEIVERS.removeprefix("/").encode()
            own = file.id.links.exists(receivers) and file.id.links.get_info(receivers).type == h5py.h5l.TYPE_HARD
            return own and "dt" in file.attrs and schema.FORMAT_ATTR not in file.attrs
    except (OSError, RuntimeError, KeyError, ValueError):
        return False


def import_gprmax(
    path: str | os.PathLike[str],
    *,
    component: str | None = None,
    receiver: int | None = None,
    source: int = 1,
    vertical: Literal["y", "z"] = "z",
    surface_m: float = 0.0,
    tx_position_m: Sequence[float] | None = None,
    rx_position_m: Sequence[float] | None = None,
    system_delay_s: float = 0.0,
) -> Scan:
    """Read a gprMax output as an impulse radar scan.

    The head reference point is the source. x stays x; the axis of the model that points up becomes z, counted
    from the ground surface.

    Parameters
    ----------
    path
        Output file, merged or of a single model run.
    component
        Field component, such as "Ey". By default the electric one with the most energy.
    receiver
        Number of the receiver, from 1 as gprMax counts. By default all, each a channel, but those that stand at
        the source: they record its own field.
    source
        Number of the source, from 1.
    vertical
        Axis of the model that points up; two-dimensional models use y.
    surface_m
        Ground surface on that axis, which the file does not tell.
    tx_position_m, rx_position_m
        Source and receiver of the first run in the axes of the model; needed for files, such as merged ones,
        that do not hold them. With a receiver position given, one receiver is read.
    system_delay_s
        To subtract from every sample time, such as the delay of the source's wavelet.

    Returns
    -------
    Scan
        Field values in V/m (A/m for a magnetic component).

    Raises
    ------
    ScanError
        Not a gprMax file, damaged, without positions, or with source and receiver that move apart.
    UsageError
        There is no such component, receiver or axis.
    """
    path = Path(path)
    named = one_line(path.name)
    if vertical not in ("y", "z"):
        msg = f'{named}: vertical must be "y" or "z", got {vertical!r}'
        raise UsageError(one_line(msg))
    source = whole_option(named, "source", source)
    receiver = None if receiver is None else whole_option(named, "receiver", receiver)
    surface_m = number_option(named, "surface_m", surface_m, unit="metres", most=MAX_HEIGHT_M)
    system_delay_s = number_option(named, "system_delay_s", system_delay_s, unit="seconds", most=MAX_DELAY_S)
    with open_source(path) as file:
        tx_m = _source_position(file, source, tx_position_m)
        numbers = _receivers(file, receiver, tx_m, only_one=rx_position_m is not None)
        model = _model(file, numbers, tx_m, rx_position_m)
        chosen = component or _strongest(file, numbers)
        traces = _all_traces(file, numbers, chosen)
        runs, receivers, samples = traces.shape
        _check_steps(file, model, runs)
        title = file.text(schema.ROOT, "Title") or path.stem
        version = file.text(schema.ROOT, "gprMax") or "of an unstated version"
        name = file.name
        digest = file_digest(path, file)
    channel = np.tile(np.arange(receivers, dtype=np.intp), runs)
    run_time_s = RUN_INTERVAL_S * np.arange(runs, dtype=np.float64)
    examined, faults = _examined(traces.reshape(-1, samples), channel, f"{_RECEIVERS}/{chosen}", name)
    track = model.tx_m + np.arange(runs)[:, None] * model.step_m
    gpr = GprData(
        modality="impulse",
        time_s=np.repeat(run_time_s, receivers),
        data=examined,
        tx_position_m=np.zeros((receivers, 3)),
        rx_position_m=_local(model.rx_m - model.tx_m, vertical, 0.0),
        channel=channel,
        sample_time_s=model.dt_s * np.arange(samples, dtype=np.float64),
        system_delay_s=system_delay_s,
        polarisation=_LOCAL_AXES[vertical][chosen[1]],
    )
    header = ScanHeader(
        scan_id=single_line(path.stem) or "gprmax",
        created="",
        instrument=f"gprMax {version} (simulation)",
        source="simulated",
        notes=f"Imported from gprMax output {name}: {title}. Component {chosen}, {runs} model runs, "
        f"receivers {', '.join(map(str, numbers))}; ground surface stated at {surface_m:g} m on {vertical}.",
    )
    return Scan(header, Pose(run_time_s, _local(track, vertical, surface_m)), gpr, faults=faults, sha256=digest)


def _source_position(file: Source, source: int, stated_m: Sequence[float] | None) -> NDArray[np.float64]:
    if stated_m is not None:
        return _stated(file, "tx_position_m", stated_m)
    places = (_position(file, f"{prefix}{source}") for prefix in _SOURCES)
    found = next((one for one in places if one is not None), None)
    if found is None:
        where = f"{_SOURCES[0]}{source}"
        raise file.missing(where, "the position of the source; state tx_position_m")
    return found


def _receivers(file: Source, receiver: int | None, tx_m: NDArray[np.float64], *, only_one: bool) -> list[int]:
    members, _ = file.names(_RECEIVERS)
    known = sorted(int(one[2:]) for one in members if re.fullmatch(r"rx[0-9]{1,9}", one))
    if not known:
        raise file.missing(_RECEIVERS, "receivers, as gprMax writes them")
    if receiver is not None and receiver not in known:
        msg = f"{file.name}: receiver must be one of {', '.join(map(str, known))}, got {receiver}"
        raise UsageError(msg)
    if receiver is not None:
        return [receiver]
    if only_one:
        return known[:1]
    places = {number: _position(file, f"{_RECEIVERS}/rx{number}") for number in known}
    apart = [number for number, place in places.items() if place is None or not np.array_equal(place, tx_m)]
    return apart or known


def _model(
    file: Source, numbers: list[int], tx_m: NDArray[np.float64], rx_position_m: Sequence[float] | None
) -> _Model:
    dt_s = file.number(schema.ROOT, "dt", "a time step in s")
    if dt_s is None or dt_s <= 0.0:
        raise file.error(attribute_path(schema.ROOT, "dt"), f"found {dt_s}, expected a positive time step in s")
    if rx_position_m is not None:
        rx = [_stated(file, "rx_position_m", rx_position_m)]
    else:
        rx = []
        for number in numbers:
            where = f"{_RECEIVERS}/rx{number}"
            place = _position(file, where)
            if place is None:
                raise file.missing(where, "the position of the receiver; state rx_position_m")
            rx.append(place)
    cells = _triple(file, _CELLS)
    cells = np.zeros(3) if cells is None else cells
    steps = [_triple(file, names) for names in (("rxsteps",), _SOURCE_STEPS)]
    moves = [np.zeros(3) if one is None else one * cells for one in steps]
    if not np.array_equal(moves[0], moves[1]):
        cause = f"found the receiver to move by {moves[0].tolist()} m and the source by {moves[1].tolist()} m"
        raise file.error(attribute_path(schema.ROOT, "rxsteps"), cause + ", expected both to move together")
    return _Model(dt_s, tx_m, np.array(rx), moves[0])


def _check_steps(file: Source, model: _Model, runs: int) -> None:
    if runs > 1 and not model.step_m.any():
        cause = f"found no step, expected one between the {runs} model runs"
        raise file.error(attribute_path(schema.ROOT, "rxsteps"), cause)


def _position(file: Source, path: str) -> NDArray[np.float64] | None:
    """Read a position, which newer versions write as an attribute and older ones as a dataset."""
    if file.group(path) is None:
        return None
    found = file.numbers(path, "Position", "3 numbers in m")
    if found is None:
        found = file.vector(schema.Field(f"{path}/Position", "", "(3,)"))
    if found is None:
        return None
    if found.size != 3 or not np.isfinite(found).all():
        raise file.error(attribute_path(path, "Position"), f"found {found.tolist()}, expected 3 numbers in m")
    return found.reshape(3)


def _triple(file: Source, names: Sequence[str]) -> NDArray[np.float64] | None:
    for name in names:
        found = file.numbers(schema.ROOT, name, "3 numbers")
        if found is not None and found.size != 3:
            raise file.error(attribute_path(schema.ROOT, name), f"found shape {found.shape}, expected 3 numbers")
        if found is not None:
            return found.reshape(3)
    return None


def _strongest(file: Source, numbers: list[int]) -> str:
    """Name the electric component with the most energy, over all receivers."""
    energy: dict[str, float] = {}
    for name in ELECTRIC:
        if all(file.dataset(f"{_RECEIVERS}/rx{number}/{name}") is not None for number in numbers):
            values = [_traces(file, number, name) for number in numbers]
            energy[name] = sum(float(np.nansum(one.astype(np.float64) ** 2)) for one in values)
    if not energy:
        where = f"{_RECEIVERS}/rx{numbers[0]}"
        raise file.missing(where, f"one of {', '.join(ELECTRIC)}")
    return max(energy, key=lambda name: energy[name])


def _traces(file: Source, number: int, component: str) -> NDArray[np.float64]:
    """Read one component of one receiver, (runs, samples)."""
    if component not in COMPONENTS:
        msg = f"{file.name}: component must be one of {', '.join(COMPONENTS)}, got {component!r:.80}"
        raise UsageError(one_line(msg))
    path = f"{_RECEIVERS}/rx{number}/{component}"
    found = file.floats(schema.Field(path, "", "(samples,) or (samples, runs)"))
    if found is None:
        members, _ = file.names(f"{_RECEIVERS}/rx{number}")
        raise file.missing(path, f"this component; the receiver has {', '.join(members)}")
    if found.ndim == 1:
        found = found.reshape(-1, 1)
    if found.ndim != 2 or found.shape[0] < 2 or found.shape[1] < 1:
        raise file.error(path, f"found shape {found.shape}, expected (samples,) or (samples, runs)")
    return np.ascontiguousarray(found.T)


def _all_traces(file: Source, numbers: list[int], component: str) -> NDArray[np.float64]:
    """Read one component of several receivers, (runs, receivers, samples)."""
    traces = [_traces(file, number, component) for number in numbers]
    runs, samples = traces[0].shape
    for number, one in zip(numbers, traces, strict=True):
        if one.shape != (runs, samples):
            where = f"{_RECEIVERS}/rx{number}/{component}"
            raise file.error(where, f"found shape {one.shape[::-1]}, expected {(samples, runs)} as rx{numbers[0]}")
    return np.stack(traces, axis=1)


def _examined(
    data: NDArray[np.float64], channel: NDArray[np.intp], where: str, name: str
) -> tuple[NDArray[np.float64], tuple[Fault, ...]]:
    """Mask what cannot be a signal in traces (n, samples), refused where nothing is left."""
    columns = [f"sample {i}" for i in range(data.shape[1])]
    stream = Stream("gpr", where, columns, int(channel.max()) + 1, quiet_columns=True)
    examined, faults = examine_samples(data, channel, stream)
    if examined is None:
        msg = f"{name}: {where}: no sensor works: {faults[0].message}"
        raise ScanError(one_line(msg))
    return examined, faults


def _stated(file: Source, option: str, value: Sequence[float]) -> NDArray[np.float64]:
    numbers = list(value) if isinstance(value, (Sequence, np.ndarray)) else []
    if len(numbers) != 3 or not all(is_number(one) and abs(one) <= MAX_HEIGHT_M for one in numbers):
        msg = f"{file.name}: {option} must be 3 numbers in m, got {value!r:.80}"
        raise UsageError(one_line(msg))
    return np.array(numbers, dtype=np.float64)


def _local(points: NDArray[np.float64], vertical: str, surface_m: float) -> NDArray[np.float64]:
    """Turn points (n, 3) from the model's axes to x along the lane, y to its left, z up from the ground."""
    x, y, z = points.T
    if vertical == "z":
        return np.column_stack([x, y, z - surface_m])
    return np.column_stack([x, -z, y - surface_m])
