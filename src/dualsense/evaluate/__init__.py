"""Targets against truth.

Many scans
    `evaluate_folder` and `evaluate_files` process scans and score what comes out, as an `Evaluation` with its
    `Failure` of each scan that could not be; `summary`, `to_json`, `to_text` and `write_evaluation` give it out.
One scan
    `score_scan` matches the targets of a result with the truth, as a `ScanScore` of `ObjectScore` and
    `TargetScore`; `HALO_M` and `MINE_LABELS` are its defaults.
Operating points
    `rates` counts detections and false alarms (`Rates`), `roc` does so at every threshold (`Roc`).
Groups
    `breakdown` holds each sensor alone against both fused and divides mines by ground, type, depth and metal;
    `clutter_rejected` and `calibration_scores` are parts of it.
Statistics
    `clopper_pearson` and `poisson_rate` are exact intervals; `reliability` (a `Reliability`), `brier_score` and
    `expected_calibration_error` hold probabilities against outcomes.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
