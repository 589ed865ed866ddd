"""Lists of ``result.h5``, as columns of equal length: targets with their evidence, faults, and doubts."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from dualsense.render._files.datasets import array, read_texts, texts
from dualsense.render._files.plain import plain_values
from dualsense.result import Doubt, Evidence, Target
from dualsense.scan import Fault

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import h5py

    from dualsense.result import Call, Taken
    from dualsense.scan import SensorOrPose

FAULT_COLUMNS = ("sensor", "severity", "path", "message", "code")
DOUBT_TEXTS = ("code", "sensor", "takes_away")


def write_targets(group: h5py.Group, targets: Sequence[Target]) -> None:
    """Write targets, a row each."""

    def column(name: str, units: str, pick: Callable[[Target], Any], shape: tuple[int, ...] = ()) -> None:
        values = np.array([pick(target) for target in targets], dtype=np.float64)
        array(group, name, values.reshape(len(targets), *shape), units)

    texts(group, "id", [target.id for target in targets])
    texts(group, "call", [target.call for target in targets])
    column("x", "m", lambda target: target.x_m)
    column("y", "m", lambda target: target.y_m)
    column("depth", "m", lambda target: target.depth_m)
    column("position_std", "m", lambda target: target.position_std_m, (3,))
    column("confidence", "1", lambda target: target.confidence)
    column("existence", "1", lambda target: np.nan if target.existence is None else target.existence)
    array(group, "reason_count", np.array([len(target.reasons) for target in targets], dtype=np.int64), "1")
    texts(group, "reason", [reason for target in targets for reason in target.reasons])
    _write_evidence(group.create_group("emi"), [target.emi for target in targets])
    _write_evidence(group.create_group("gpr"), [target.gpr for target in targets])


def read_targets(group: h5py.Group) -> tuple[Target, ...]:
    """Read targets in their order; a file of version 1.0 knows no existence."""
    reasons = read_texts(group, "reason")
    ends = np.cumsum(group["reason_count"][()], dtype=np.int64)
    evidence = {name: _read_evidence(group[name]) for name in ("emi", "gpr")}
    columns = {name: group[name][()] for name in ("x", "y", "depth", "position_std", "confidence")}
    existence = group["existence"][()] if "existence" in group else np.full(len(columns["x"]), np.nan)
    calls = cast("list[Call]", read_texts(group, "call"))
    return tuple(
        Target(
            id=identity,
            x_m=float(columns["x"][row]),
            y_m=float(columns["y"][row]),
            depth_m=float(columns["depth"][row]),
            position_std_m=tuple(float(value) for value in columns["position_std"][row]),  # type: ignore[arg-type]
            confidence=float(columns["confidence"][row]),
            call=calls[row],
            emi=evidence["emi"][row],
            gpr=evidence["gpr"][row],
            reasons=tuple(reasons[(ends[row - 1] if row else 0) : ends[row]]),
            existence=None if np.isnan(existence[row]) else float(existence[row]),
        )
        for row, identity in enumerate(read_texts(group, "id"))
    )


def write_faults(group: h5py.Group, faults: Sequence[Fault]) -> None:
    """Write faults, a row each."""
    for column in FAULT_COLUMNS:
        texts(group, column, [getattr(fault, column) for fault in faults])
    texts(group, "values", [json.dumps(plain_values(fault.values)) for fault in faults])


def read_faults(group: h5py.Group) -> tuple[Fault, ...]:
    """Faults in their order; a file of version 1.0 knows neither their codes nor their values."""
    names = [name for name in FAULT_COLUMNS if name in group or name != "code"]
    rows = list(zip(*(read_texts(group, name) for name in names), strict=True))
    values = read_texts(group, "values") if "values" in group else ["{}"] * len(rows)
    return tuple(
        Fault(**dict(zip(names, row, strict=True)), values=json.loads(text))
        for row, text in zip(rows, values, strict=True)
    )


def write_doubts(group: h5py.Group, doubts: Sequence[Doubt]) -> None:
    """Write stretches of the recording that are not believed, a row each."""
    for name in DOUBT_TEXTS:
        texts(group, name, [getattr(one, name) for one in doubts])
    for name in ("start", "stop"):
        array(group, name, np.array([getattr(one, f"{name}_s") for one in doubts], dtype=np.float64), "s")
    array(group, "channel", [-1 if one.channel is None else one.channel for one in doubts], "1")


def read_doubts(group: h5py.Group) -> tuple[Doubt, ...]:
    """Read stretches of the recording that are not believed, in their order."""
    code, sensor, takes_away = (read_texts(group, name) for name in DOUBT_TEXTS)
    channel = group["channel"][()].tolist() if "channel" in group else [-1] * len(code)
    times = zip(group["start"][()].tolist(), group["stop"][()].tolist(), strict=True)
    return tuple(
        Doubt(
            code[row],
            cast("SensorOrPose", sensor[row]),
            start_s,
            stop_s,
            cast("Taken", takes_away[row]),
            None if channel[row] < 0 else int(channel[row]),
        )
        for row, (start_s, stop_s) in enumerate(times)
    )


def _write_evidence(group: h5py.Group, evidence: Sequence[Evidence | None]) -> None:
    """One row per target; a feature that a target lacks is told from a NaN one by ``feature_present``."""
    names = sorted({name for item in evidence if item for name in item.features})
    shape = (len(evidence), len(names))
    present = np.array([[item is not None and name in item.features for name in names] for item in evidence], bool)
    values = [[item.features.get(name, np.nan) if item else np.nan for name in names] for item in evidence]
    array(group, "present", np.array([item is not None for item in evidence], dtype=bool), "1")
    for name in ("score", "log_likelihood_ratio"):
        column = [getattr(item, name) if item else np.nan for item in evidence]
        array(group, name, np.array(column, dtype=np.float64), "1")
    texts(group, "feature_name", names)
    array(group, "feature_present", present.reshape(shape), "1")
    array(group, "feature_value", np.array(values, dtype=np.float64).reshape(shape), "as in the name")


def _read_evidence(group: h5py.Group) -> list[Evidence | None]:
    names = read_texts(group, "feature_name")
    known, values = group["feature_present"][()], group["feature_value"][()]
    scores, ratios = group["score"][()], group["log_likelihood_ratio"][()]
    return [
        Evidence(
            score=float(scores[row]),
            features={name: float(values[row, k]) for k, name in enumerate(names) if known[row, k]},
            log_likelihood_ratio=float(ratios[row]),
        )
        if there
        else None
        for row, there in enumerate(group["present"][()])
    ]
