"""What every exported file says of its scan: source, date, people, covered ground, and how good places are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dualsense.render._files.export import LOCAL_FRAME, WGS84, targets_document
from dualsense.render._files.geodesy import usable_origin
from dualsense.render._words import ADVICE, banners, headline, percent_up

if TYPE_CHECKING:
    from dualsense.result import Result

WITHIN = "x_std_m, y_std_m and depth_std_m: one standard deviation within the local frame"
ACCURACY = {
    WGS84: f"{WITHIN}; the accuracy of its origin on Earth was not recorded",
    LOCAL_FRAME: f"{WITHIN}; its origin on Earth is not known",
}
NO_LIMITS = "none was told"


def about(result: Result) -> dict[str, Any]:
    """Tell of which scan a file is and what limits it; the same in every format.

    Parameters
    ----------
    result
        What processing found.

    Returns
    -------
    dict
        Texts, numbers and None by name, in the order in which they are written.
    """
    document = targets_document(result)
    reference = document["crs"] or LOCAL_FRAME
    area_m2, covered_m2 = document["area_m2"], document["covered_area_m2"]
    verdict = headline(result)
    return {
        "scan_id": document["scan_id"],
        "source": document["source"],
        "created": document["created"],
        "site": document["site"],
        "operator": document["operator"],
        "patch_area_m2": area_m2,
        "covered_area_m2": covered_m2,
        # what is not known to be covered is not covered
        "uncovered_area_m2": None if area_m2 is None else round(area_m2 - (covered_m2 or 0.0), 6),
        "coordinate_reference": reference,
        "coordinate_accuracy": ACCURACY[reference],
        "verdict": " ".join((verdict.main, *verdict.rest)),
        "faults": " ".join(banner.sentence for banner in banners(result)) or NO_LIMITS,
        "model": result.model,
        "advice": ADVICE,
        "scan_sha256": result.scan_sha256,
    }


def uncovered_part(result: Result) -> str:
    """Say how much of the patch was not covered by both sensors, rounded up."""
    return percent_up(1.0 - result.coverage_fraction)


def is_placed(result: Result) -> bool:
    """Tell whether the scan knows where on Earth it is."""
    return usable_origin(result.header) is not None
