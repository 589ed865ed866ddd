"""Decibels of soil and parts of a target, from `study_balance`, and the time that balancing a scan takes."""

from __future__ import annotations

import importlib.util
import time
from dataclasses import replace
from pathlib import Path

from dualsense.emi._balance import balance

_SPEC = importlib.util.spec_from_file_location("study_balance", Path(__file__).with_name("study_balance.py"))
assert _SPEC is not None
assert _SPEC.loader is not None
study = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(study)


def run() -> dict[str, float]:
    found = study.curves()
    exact = study.best(found["ours, tracker 0 mm"])
    default = found["ours, tracker 2 mm"][study.ASSUMED_M.index(3.3e-3)]
    offset = study.best(found["constant offset"])
    quadrature = max(found["quadrature"], key=lambda p: p["target_over_soil_db"])
    out = {
        "exact_heights_suppression_db": exact["suppression_db"],
        "exact_heights_kept_fraction": exact["kept"],
        "tracker_2mm_default_suppression_db": default["suppression_db"],
        "tracker_2mm_default_kept_fraction": default["kept"],
        "tracker_2mm_default_target_over_soil_db": default["target_over_soil_db"],
        "constant_offset_best_suppression_db": offset["suppression_db"],
        "constant_offset_kept_fraction_there": offset["kept"],
        "quadrature_best_target_over_soil_db": quadrature["target_over_soil_db"],
        "quadrature_kept_fraction_there": quadrature["kept"],
    }
    out |= {f"default_phasor_kept_fraction_{name}": kept for name, kept in study.metals().items()}
    for name, tilt_deg in (("level", 0.0), ("tilted", 5.0)):
        true, tracked = study.sweep(0.0, tilt_deg=tilt_deg)
        soil, _ = study.parts(true)
        rows = replace(tracked, values=soil)
        balance(rows, study.NOISE)
        start = time.perf_counter()
        balance(rows, study.NOISE)
        out[f"{name}_rows_per_s"] = len(soil) / (time.perf_counter() - start)
    return out
