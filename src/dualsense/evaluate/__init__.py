"""Targets against truth.

Many scans
----------
evaluate_folder             every scan of a folder processed and scored
evaluate_files              the same of given files
Evaluation, Failure         what comes out, and a scan that could not be processed
summary                     the numbers of an evaluation
to_json, to_text            them as JSON and as a table
write_evaluation            numbers, table and picture as files

One scan
--------
score_scan                  targets of a result matched with the truth
ScanScore                   of a scan
ObjectScore, TargetScore    of each buried object, and of each target
HALO_M                      how far beside an object a target still finds it, unless another halo is given
MINE_LABELS                 labels of the truth that stand for mines, unless others are given

Operating points
----------------
rates, Rates                detections and false alarms at one threshold
roc, Roc                    at every threshold

Groups
------
breakdown                   each sensor alone against both; mines by ground, type, depth and metal
clutter_rejected            clutter below every mine, or below all but a few
calibration_scores          whether the confidences are probabilities

Statistics
----------
clopper_pearson             exact interval of a proportion
poisson_rate                exact interval of a rate
reliability, Reliability    outcomes in bins of probability
brier_score                 mean square of probability less outcome
expected_calibration_error  mean distance of probabilities from outcomes
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
