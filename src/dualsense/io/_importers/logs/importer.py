"""Logs of the Robot Operating System as scans: ROS 1 and ROS 2 bags, and MCAP."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from dualsense.errors import ScanError
from dualsense.io import _schema as schema
from dualsense.io._importers.logs.budget import MAX_LOG_BYTES, Log
from dualsense.io._importers.logs.decode import decoder
from dualsense.io._importers.logs.definitions import short_name
from dualsense.io._importers.logs.fields import RECORDER, rows_of
from dualsense.io._importers.logs.log_map import EXAMPLE, MAX_LAG_S, NUMBERS, LogMap, read_log_map
from dualsense.io._importers.logs.track import FIX, track_of, wanted_of
from dualsense.io._importers.metal_table import metal_data
from dualsense.io._importers.options import MAX_DELAY_S
from dualsense.io._importers.traces import read_content
from dualsense.io._opening import check_file
from dualsense.io._samples import Stream, examine_samples
from dualsense.io._text import one_line, single_line
from dualsense.scan import EmiData, GprData, Pose, Scan, ScanHeader

if TYPE_CHECKING:
    import os

    from numpy.typing import NDArray

    from dualsense.io._importers.logs.track import Track
    from dualsense.scan import Fault

    Real = NDArray[np.float64]
    Rows = tuple[NDArray[np.int64], dict[str, Real]]

BAG, MCAP, DATABASE = b"#ROSBAG", b"\x89MCAP0\r\n", b"SQLite format 3\0"
PART = re.compile(r"^\s*-\s*['\"]?([^'\"/\\\n]+\.(?:db3|mcap))['\"]?\s*$", re.MULTILINE)
MAX_PARTS = 1000
META_BYTES = 1 << 22


def is_log(head: bytes) -> bool:
    """Whether a file that begins with these bytes is a ROS bag, MCAP, or a database such as ROS 2 bags are."""
    return head.startswith((BAG, MCAP, DATABASE))


def import_log(path: str | os.PathLike[str], *, map: str | None = None) -> Scan:  # noqa: A002
    """Read a ROS 1 bag, a ROS 2 bag (SQLite or MCAP) or an MCAP log of ROS or JSON messages.

    Parameters
    ----------
    path
        The file; of a ROS 2 bag in several files any of them, with ``metadata.yaml`` beside it.
    map
        TOML file: ``[pose]``, ``[gpr]`` and ``[emi]`` each have a ``topic``, and where wanted ``stamp`` (path of
        its time; by default the header's stamp, "log" is the recorder's clock), ``lag_s`` (by how much its stamps
        are late) and ``unit`` (to multiply with, for SI). A path such as ``pose.position`` or ``channels[0].re``
        leads to a field, a list of them stands side by side. ``[pose]``: ``position``, ``orientation`` (w, x, y,
        z), ``covariance``, known for common messages, and ``height_m``. ``[gpr]``: ``modality`` "sfcw" with
        ``frequency_hz``, or "impulse" with ``sample_time_s`` (a list, or first, step and count); ``data``, or
        ``real`` and ``imag``, or ``interleaved``; ``channel``, ``tx_position_m``, ``rx_position_m``,
        ``system_delay_s``. ``[emi]``: as in the map of a metal detector's table, and ``interleaved``.
        ``instrument`` names the head.

    Returns
    -------
    Scan
        Both sensors on one clock, which begins with the first sample that is used.

    Raises
    ------
    ScanError
        The log or its map cannot be read, no map is given (then its topics are told), or a topic or a field is
        missing.
    """
    path = Path(path)
    name = one_line(path.name or str(path))
    known = None if map is None else _map(Path(map))
    log, digest = _read(path, name, frozenset() if known is None else known.topics)
    missing = sorted(known.topics - set(log.topics)) if known is not None else []
    if known is None or missing:
        kinds = (f"{key} ({one.type_name}, {log.counts[key]})" for key, one in sorted(log.topics.items()))
        told = ", ".join(kinds) or "no topic"
        wanted = f"{', '.join(missing)} among them" if missing else f"--option map=FILE.toml: {EXAMPLE}"
        msg = f"{name}: found the topics {told}; expected {wanted}"
        raise ScanError(one_line(msg))
    return _scan(path, name, log, known, digest)


def _map(path: Path) -> LogMap:
    map_name, content = read_content(path)
    return read_log_map(content, map_name)


def _read(path: Path, name: str, wanted: frozenset[str]) -> tuple[Log, str]:
    """Read all files of a log; and hash them."""
    from dualsense.io._importers.logs import bag1, bag2, mcap  # noqa: PLC0415 - SQLite is for logs alone

    log, digest = Log(name, wanted), hashlib.sha256()
    for part in _parts(path, name):
        log.name = one_line(part.name)
        check_file(part, log.name)
        size = part.stat().st_size
        if size > MAX_LOG_BYTES:
            msg = f"{log.name}: found {size} bytes, expected at most {MAX_LOG_BYTES}"
            raise ScanError(msg)
        try:
            with part.open("rb") as stream:
                head = stream.read(16)
                stream.seek(0)
                if head.startswith(DATABASE):
                    bag2.read_bag2(part, log)
                else:
                    (mcap.read_mcap if head.startswith(MCAP) else bag1.read_bag1)(stream, log)
                stream.seek(0)
                while block := stream.read(1 << 20):
                    digest.update(block)
        except OSError as error:
            msg = f"{log.name}: {error.strerror}"
            raise ScanError(msg) from None
    return log, digest.hexdigest()


def _parts(path: Path, name: str) -> list[Path]:
    """Files of a ROS 2 bag in their order: one part alone would be a sweep that ends in the middle."""
    about = path.parent / "metadata.yaml"
    if path.suffix == ".bag" or not about.is_file() or about.stat().st_size > META_BYTES:
        return [path]
    told = list(dict.fromkeys(PART.findall(about.read_text(encoding="utf-8", errors="replace"))))
    if path.name not in told:
        return [path]
    missing = [one for one in told if not (path.parent / one).is_file()]
    if missing or len(told) > MAX_PARTS:
        msg = f"{name}: metadata.yaml tells of {len(told)} files, found no {', '.join(missing[:3])} beside it"
        raise ScanError(one_line(msg))
    return [path.parent / one for one in told]


def _scan(path: Path, name: str, log: Log, known: LogMap, digest: str) -> Scan:
    """Put the streams of a log on one clock."""
    notes: list[str] = []
    track = _track(name, log, known, notes)
    streams = {key: _stream(name, log, known, key, notes) for key in ("gpr", "emi") if key in known.tables}
    begin_ns = min([int(track.time_ns[0]), *(int(time_ns[0]) for time_ns, _ in streams.values())])
    for key, (time_ns, _) in streams.items():
        if time_ns[-1] < track.time_ns[0] or time_ns[0] > track.time_ns[-1]:
            found = "found stamps that never meet those of the track, expected one clock; see stamp and lag_s"
            msg = f"{name}: {known.tables[key]['topic']}: {found}"
            raise ScanError(one_line(msg))
    gpr, emi = None, None
    faults: list[Fault] = []
    if "gpr" in streams:
        gpr, own = _radar(name, known, *streams["gpr"], begin_ns)
        faults += own
    if "emi" in streams:
        emi, own = _metal(name, known, *streams["emi"], begin_ns)
        faults += own
    if gpr is None and emi is None:
        msg = f"{name}: no sensor works: {faults[0].message}"
        raise ScanError(one_line(msg))
    if track.lost:
        notes.append(f"{track.lost} poses without numbers, a fix or a rotation were left out")
    header = ScanHeader(
        single_line(path.stem) or "log",
        "",
        single_line(known.instrument),
        source="recorded",
        notes=f"Imported from {name} by the topics of {known.name}. {'; '.join(notes)}."[:4000],
        origin_wgs84=track.origin,
    )
    pose = Pose(_seconds(track.time_ns, begin_ns), track.position_m, track.orientation, track.std_m)
    return Scan(header, pose, gpr, emi, faults=tuple(faults), sha256=digest)


def _seconds(time_ns: NDArray[np.int64], begin_ns: int) -> Real:
    return 1e-9 * (time_ns - begin_ns).astype(np.float64)


def _rows(name: str, log: Log, known: LogMap, table: str, wanted: dict[str, list[str]], notes: list[str]) -> Rows:
    """Read a table's fields in the order of their times, each moment of a channel once."""
    own = known.tables[table]
    topic = log.topics[own["topic"]]
    where = f"{name}: {topic.name}"
    decode = decoder(topic, where)
    messages = log.kept.get(topic.name, [])
    time_ns, numbers, clock = rows_of(messages, decode, wanted, stamp=own.get("stamp"), where=where)
    if clock != RECORDER and not time_ns.any():
        msg = f'{where}: found stamps of 0 in {clock}, never filled in; stamp = "log" takes the recorder\'s'
        raise ScanError(one_line(msg))
    time_ns = time_ns - round(1e9 * known.number(table, "lag_s", 0.0, most=MAX_LAG_S))
    if "channel" in numbers and numbers["channel"].shape[1] != 1:
        known.fail(table, "channel", f"the path of one number, not of {numbers['channel'].shape[1]}")
    pair = numbers["channel"][:, 0] if "channel" in numbers else np.zeros(time_ns.size)
    order = np.lexsort((pair, time_ns))
    again = np.zeros(time_ns.size, bool)
    for one in np.unique(pair):
        rows = order[pair[order] == one]
        again[rows[1:]] = np.diff(time_ns[rows]) <= 0
    if again.any():
        notes.append(f"{int(again.sum())} messages of {topic.name} with the time of another were left out")
    notes.append(f"{topic.name} is timed by {'the recorder' if clock == RECORDER else clock}")
    keep = order[~again[order]]
    return time_ns[keep], {key: one[keep] for key, one in numbers.items()}


def _track(name: str, log: Log, known: LogMap, notes: list[str]) -> Track:
    kind = short_name(log.topics[known.tables["pose"]["topic"]].type_name)
    wanted = wanted_of(known, kind)
    time_ns, numbers = _rows(name, log, known, "pose", wanted, notes)
    return track_of(time_ns, numbers, known, fixes="status" in wanted and kind == FIX)


def _stream(name: str, log: Log, known: LogMap, table: str, notes: list[str]) -> Rows:
    wanted = {key: known.paths(table, key) for key in sorted(NUMBERS)}
    wanted = {key: paths for key, paths in wanted.items() if paths}
    complex_ = known.tables[table].get("modality") in ("sfcw", "frequency")
    if set(wanted) not in ([{"real", "imag"}, {"interleaved"}] if complex_ else [{"data"}]):
        known.fail(table, "data", "real and imag, or interleaved" if complex_ else "the path of the samples")
    if table == "gpr" and "channel" in known.tables[table]:
        wanted["channel"] = known.paths(table, "channel")
        if len(wanted["channel"]) != 1:
            known.fail(table, "channel", "the path of one number")
    time_ns, numbers = _rows(name, log, known, table, wanted, notes)
    if "interleaved" in numbers:
        both = numbers.pop("interleaved")
        numbers |= {"real": both[:, 0::2], "imag": both[:, 1::2]}
    return time_ns, numbers


def _radar(
    name: str, known: LogMap, time_ns: NDArray[np.int64], numbers: dict[str, Real], begin_ns: int
) -> tuple[GprData | None, tuple[Fault, ...]]:
    modality = known.tables["gpr"].get("modality")
    if modality not in schema.GPR_MODALITIES:
        known.fail("gpr", "modality", " or ".join(schema.GPR_MODALITIES))
    key = "frequency_hz" if modality == "sfcw" else "sample_time_s"
    axis = known.axis("gpr", key)
    if modality == "sfcw" and axis[0] <= 0.0:
        known.fail("gpr", key, "frequencies > 0")
    data = _joined(known, "gpr", numbers, axis.size, key)
    tx_m, rx_m = known.places("tx_position_m"), known.places("rx_position_m")
    pairs = numbers["channel"][:, 0] if "channel" in numbers else np.zeros(len(data))
    if len(tx_m) != len(rx_m) or not np.isin(pairs, np.arange(len(tx_m))).all():
        known.fail("gpr", "rx_position_m", f"as many as tx_position_m, one for each channel up to {max(pairs):g}")
    polarisation = known.tables["gpr"].get("polarisation")
    if not isinstance(polarisation, (str, type(None))):
        known.fail("gpr", "polarisation", "a word")
    channel = pairs.astype(np.intp)
    labels = [f"value {k + 1}" for k in range(axis.size)]
    stream = Stream("gpr", name, labels, len(tx_m), quiet_columns=modality == "impulse")
    examined, faults = examine_samples(data, channel, stream)
    if examined is None:
        return None, tuple(faults)
    found = GprData(
        modality=modality,
        time_s=_seconds(time_ns, begin_ns),
        data=examined,
        tx_position_m=tx_m,
        rx_position_m=rx_m,
        channel=channel,
        frequency_hz=axis if modality == "sfcw" else None,
        sample_time_s=axis if modality == "impulse" else None,
        system_delay_s=known.number("gpr", "system_delay_s", 0.0, most=MAX_DELAY_S),
        polarisation=polarisation,
    )
    return found, tuple(faults)


def _joined(known: LogMap, table: str, numbers: dict[str, Real], count: int, axis: str) -> NDArray[Any]:
    """Give samples (n, k) in SI units."""
    parts = [numbers[key] for key in ("real", "imag", "data") if key in numbers]
    if any(one.shape[1] != count for one in parts):
        found = " and ".join(str(one.shape[1]) for one in parts)
        known.fail(table, axis, f"as many as there are values in a message, {found}")
    data = parts[0] + 1j * parts[1] if len(parts) == 2 else parts[0]
    return known.scale(table, most=1e12) * data


def _metal(
    name: str, known: LogMap, time_ns: NDArray[np.int64], numbers: dict[str, Real], begin_ns: int
) -> tuple[EmiData | None, tuple[Fault, ...]]:
    columns = {(key, k): table[:, k] for key, table in numbers.items() for k in range(table.shape[1])}
    names = {key: [(key, k) for k in range(table.shape[1])] for key, table in numbers.items()}
    scale = known.scale("emi", most=1e12)
    wanted = known.tables["emi"] | names
    emi = metal_data(wanted, columns.__getitem__, scale, _seconds(time_ns, begin_ns), known.name)
    labels = [f"value {k + 1}" for k in range(emi.data.shape[1])]
    examined, faults = examine_samples(emi.data, emi.channel, Stream("emi", name, labels))
    if examined is None:
        return None, tuple(faults)
    return EmiData(**{key: getattr(emi, key) for key in EmiData.__slots__} | {"data": examined}), tuple(faults)
