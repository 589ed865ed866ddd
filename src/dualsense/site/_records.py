"""What a site is made of: scans, the objects that they list, and what people recorded of them. Frozen."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from dualsense.result import Call, Result


@dataclass(frozen=True, slots=True)
class OriginError:
    """How well the places of scans on Earth are known: one standard deviation.

    Attributes
    ----------
    place_m
        Of an origin, along each horizontal axis.
    azimuth_deg
        Of the direction of +x.
    """

    place_m: float = 0.03
    azimuth_deg: float = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class SiteScan:
    """A scan of a site.

    Attributes
    ----------
    name
        Its result's folder below the folder that was searched.
    folder
        Of the result.
    result
        Without images; None where it could not be read.
    problem
        Why it is not on the map: a key of `dualsense.site._words.PROBLEMS`; empty where it is.
    detail
        What belongs to that, such as the error or a distance.
    to_map : (2, 3) float64
        From the local frame in metres to the map: ``to_map @ (x, y, 1)``. None where it is not on the map.
    decisions
        Recorded beside the result, in their order.
    """

    name: str
    folder: Path
    result: Result | None = None
    problem: str = ""
    detail: str = ""
    to_map: NDArray[np.float64] | None = None
    decisions: tuple[Mapping[str, Any], ...] = ()

    @property
    def placed(self) -> bool:
        """Whether it is on the map."""
        return self.to_map is not None


@dataclass(frozen=True, slots=True)
class Listed:
    """A target as a scan lists it.

    Attributes
    ----------
    scan
        Number of the scan in the site.
    id, call, confidence, depth_m, depth_std_m, existence
        As the scan tells them; NaN and None where it does not.
    x_m, y_m
        In the scan's own frame.
    """

    scan: int
    id: str
    call: Call
    confidence: float
    x_m: float
    y_m: float
    depth_m: float
    depth_std_m: float
    existence: float | None


@dataclass(frozen=True, slots=True)
class Decided:
    """What people recorded of an object or a place.

    Attributes
    ----------
    state
        "open" without a record; "dig", "marked" or "left" as decided last; "dug" where a find was recorded.
    found
        What lay there, as recorded: the gravest, where several were; None where nothing was.
    again
        Dug, but listed again as something to be dug by a scan that is not known to be older than that.
    time, operator, note
        Of the last record.
    """

    state: str = "open"
    found: str | None = None
    again: bool = False
    time: str = ""
    operator: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class SiteObject:
    """An object of a site: what one scan or several list at one place, or a place that people recorded.

    Attributes
    ----------
    id
        "S1" for the one that matters most, and so on; "P1" for places that people recorded, "U1" for objects of
        scans that are not on the map.
    call
        The gravest of those of its scans; None for a place that people recorded.
    confidence
        The highest that a scan gives; NaN where none does.
    map_m : (2,)
        Easting and northing; None where it has no place on the map.
    covariance_m2 : (2, 2)
        Of that place, the scans' own places on Earth included.
    depth_m, depth_std_m
        Of the top; NaN where no scan tells it.
    listed
        All that was merged, the gravest first.
    covering
        How many scans covered the place with both sensors, these or others.
    agree
        Whether the scans' places go together with what they state.
    decided
        What people recorded.
    local_m
        In the scan's own frame, of an object without a place on the map.
    """

    id: str
    call: Call | None
    confidence: float
    map_m: NDArray[np.float64] | None
    covariance_m2: NDArray[np.float64] | None
    depth_m: float
    depth_std_m: float
    listed: tuple[Listed, ...]
    covering: int = 0
    agree: bool = True
    decided: Decided = field(default_factory=Decided)
    local_m: tuple[float, float] | None = None
    scan: int = -1


@dataclass(frozen=True, slots=True)
class Frame:
    """The plane of the map.

    Attributes
    ----------
    epsg
        Code of its projection: the zone of UTM, or a polar one, that the site lies in.
    name
        As PROJ gives it.
    """

    epsg: int
    name: str


@dataclass(frozen=True, slots=True, eq=False)
class Site:
    """One map of many scans.

    Attributes
    ----------
    frame
        None where no scan is on the map.
    scans
        All that were found, in the order of their names.
    objects
        What matters most first; those without a place on the map last.
    origin_error
        That was taken for all scans' places.
    area_m2
        Ground by who covered it, by the names of `dualsense.site._raster.GROUND`.
    torn
        Lines of journals of decisions that are none.
    """

    frame: Frame | None
    scans: tuple[SiteScan, ...]
    objects: tuple[SiteObject, ...]
    origin_error: OriginError
    area_m2: Mapping[str, float] = field(default_factory=dict)
    torn: int = 0
