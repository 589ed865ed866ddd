"""Targets against truth.

Many scans
----------
evaluate_folder               process and score every scan of a folder
evaluate_files                process and score scans, those that fail included
Evaluation                    the scores of many scans
Failure                       a scan that could not be read or processed, and why
summarise                     an evaluation as plain numbers, text and lists
to_json, to_text              the same as JSON, and as a table for the terminal
write_evaluation              the same as files, with a picture

One scan
--------
score_scan                    targets of one result matched with the truth
match                         places with places, one to one
ScanScore                     what became of a scan
ObjectScore                   what became of one buried object
TargetScore                   what one target stated, and what it was matched with
HALO_M                        how far beyond its own radius an object reaches by default
MINE_LABELS                   labels that count as mines by default

Operating points
----------------
rates                         detections and false alarms at one threshold
Rates                         their counts, with exact intervals
roc                           detections and false alarms at every threshold
Roc                           the curve that they make

Groups
------
breakdown                     each sensor alone and both fused; mines by ground, type, depth and metal
clutter_rejected              which part of the clutter raises no alarm
calibration_scores            how far stated confidences may be believed
localisation_errors           root mean squares and biases of position errors

Statistics
----------
clopper_pearson               exact interval of a proportion
poisson_rate                  exact interval of a rate from a count
reliability                   stated probability against what happened, in bins
Reliability                   the bins
brier_score                   mean squared difference of probability and outcome
expected_calibration_error    mean distance of a bin from its fraction
root_mean_square              of the finite values of an array; NaN without any
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
