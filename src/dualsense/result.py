"""What processing leaves behind: images, targets, evidence, provenance. Frozen; all it does is show itself.

Axis order: maps are ``(y, x)``, volumes ``(depth, y, x)``. Axes hold cell centres. A NaN is ground that was
not assessed, never ground that is empty.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, get_args

from dualsense.scan import SENSOR_NAMES, facts_html, facts_text, failure, fault_counts, shown_as

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from dualsense.scan import Facts, Fault, ScanHeader, SensorName, SensorOrPose

Call = Literal["suspect", "unclear", "likely-clutter", "not-assessable"]
CALLS: tuple[Call, ...] = get_args(Call)
OPEN_CALLS: tuple[Call, ...] = ("suspect", "unclear", "not-assessable")
"""Of targets that are to be dug."""
Taken = Literal["samples", "ground"]
"""What a doubt takes away: samples are left out, and their ground is not covered; or only the latter."""


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """Square cells of the map: ``x_m`` (nx,) and ``y_m`` (ny,) are cell centres, increasing."""

    x_m: NDArray[np.float64]
    y_m: NDArray[np.float64]
    cell_m: float


@dataclass(frozen=True, slots=True, eq=False)
class Image:
    """A map on the grid.

    Attributes
    ----------
    values : (ny, nx) float32
        NaN outside coverage.
    name, units
        Such as "metal_response" and "m3"; dimensionless is "1".
    """

    name: str
    units: str
    grid: Grid
    values: NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Volume:
    """A volume on the grid: ``values`` (nz, ny, nx) float32 over ``depth_m`` (nz,), positive downwards."""

    name: str
    units: str
    grid: Grid
    depth_m: NDArray[np.float64]
    values: NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Radargram:
    """What the radar heard along its track, for the eye: gained, and shown by an attribute.

    Attributes
    ----------
    name, units
        Of the attribute, such as "amplitude" and "1".
    time_s : (t,)
        Two-way time.
    position_m : (n, 3)
        Half-way between the antennas.
    values : (n, t) float32
        NaN where the attribute is not told.
    gain
        Kind of gain over time, such as "sec"; "none" without one, None where that is not known.
    antennas_m
        Distance between the antennas of a pair; None where that is not known.
    height_m
        Of the antennas above the ground, the median of all soundings; None where that is not known.
    """

    name: str
    units: str
    time_s: NDArray[np.float64]
    position_m: NDArray[np.float64]
    values: NDArray[np.float32]
    gain: str | None = None
    antennas_m: float | None = None
    height_m: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Coverage:
    """Which cells of the patch each sensor really measured.

    Attributes
    ----------
    grid
        Whose square cells the masks mark; ``grid.cell_m`` is their side.
    patch : (ny, nx) bool
        The ground the operator set out to sweep: the hull of the track.
    emi, gpr : (ny, nx) bool
        All False when the sensor is absent or failed.
    """

    grid: Grid
    patch: NDArray[np.bool_]
    emi: NDArray[np.bool_]
    gpr: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class MineClass:
    """What a code of the map of the smallest mine stands for.

    Attributes
    ----------
    name
        Of the mines, in words.
    size_m
        Diameter of the smallest of them; NaN where the code names none.
    depth_m
        Their tops lie down to this depth.
    """

    name: str
    size_m: float
    depth_m: float


MINE_CLASSES: tuple[MineClass, ...] = (
    MineClass("not told", math.nan, math.nan),
    MineClass("anti-tank mine of metal", 0.30, 0.15),
    MineClass("anti-personnel mine of the size of a PMN", 0.11, 0.10),
    MineClass("anti-personnel mine with a minimum of metal", 0.056, 0.05),
    MineClass("anti-personnel mine with a minimum of metal", 0.056, 0.10),
    MineClass("anti-personnel mine with a minimum of metal", 0.056, 0.15),
)
"""By the codes of `SmallestMine`, which rise as the mines get smaller and lie deeper."""
SMALL_CODE = 3
"""From this code on it is a mine with a minimum of metal."""


@dataclass(frozen=True, slots=True, eq=False)
class SmallestMine:
    """What would have been found where, had it lain there: the smallest mine, and to what depth.

    Attributes
    ----------
    grid
        That of the coverage.
    code : (ny, nx) uint8
        Row of `MINE_CLASSES`: the smallest mine that would have been listed wherever its top lay between the
        surface and that depth. 0 where nothing is told: ground that was not covered by both sensors, is doubted,
        may hide metal, or lies at the limit of what would be found.
    depth_m : (ny, nx) float32
        To which a mine with a minimum of metal would have been found; NaN where that is not told of any depth.
    top_m : (t,) float64
        Depths of tops that were asked for.
    small : (t, ny, nx) int8
        Of a mine with a minimum of metal: 1 it would have been found, -1 it would not, 0 that is not told.
    """

    grid: Grid
    code: NDArray[np.uint8]
    depth_m: NDArray[np.float32]
    top_m: NDArray[np.float64]
    small: NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class Doubt:
    """A stretch of the recording that is not believed.

    Attributes
    ----------
    code
        Of the fault that it is told by.
    sensor
        "gpr", "emi" or, for both, "pose".
    start_s, stop_s
        From its first sample to its last, on the recording's clock.
    takes_away
        What is lost by it. Never is what lies there called clutter, nor its ground shown as covered.
    channel
        Of an array of antennas or coils, the one whose samples they are; None for all.
    """

    code: str
    sensor: SensorOrPose
    start_s: float
    stop_s: float
    takes_away: Taken
    channel: int | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """What one sensor says of a target.

    ``score`` is the sensor's own detection statistic, not a probability; ``features`` carry their unit in
    the name (``depth_m``, ``width_m``); ``log_likelihood_ratio`` is natural, mine against clutter.
    """

    score: float
    features: Mapping[str, float]
    log_likelihood_ratio: float


@dataclass(frozen=True, slots=True)
class Target:
    """One object below the ground, as far as the sensors tell.

    ``depth_m`` is that of the top, NaN when no sensor tells it. ``position_std_m`` is one standard deviation
    of x, y and depth. ``confidence`` is the probability, by the named model, that this is a mine; ``existence``
    that there is any object at all, and not an error of model or track; None where the model does not tell.
    """

    id: str
    x_m: float
    y_m: float
    depth_m: float
    position_std_m: tuple[float, float, float]
    confidence: float
    call: Call
    emi: Evidence | None
    gpr: Evidence | None
    reasons: tuple[str, ...]
    existence: float | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """A place where something stands out while the sweep goes on: there is something, and how strong.

    It has no confidence and no call: those need the whole scan.

    Attributes
    ----------
    x_m, y_m
        Where it stands out most.
    depth_m
        Of the strongest echo; NaN without one.
    metal
        Response, in standard deviations of the noise; NaN where the metal map shows no peak.
    radar
        Echo over the clutter of its depth; NaN where the radar shows no peak.
    """

    x_m: float
    y_m: float
    depth_m: float
    metal: float
    radar: float


@dataclass(frozen=True, slots=True, eq=False)
class Sketch:
    """What is known of the ground while the sweep goes on. All of it is provisional.

    Attributes
    ----------
    metal
        Response in standard deviations of the noise; None while the metal detector shows nothing.
    radar
        How many times the strongest echo at any depth exceeds the clutter there; None while there is none. Both
        maps lie on the same grid, and are NaN where the sensor has not measured.
    track_m : (p, 3) float64
        The head's recorded track, thinned.
    candidates
        What stands out most first.
    covered_m2
        Area that each sensor has covered so far, and "both".
    reasons
        Why a sensor shows nothing, or nothing more, by its name.
    relative_permittivity
        Of the soil, as used for the depths; NaN before the radar shows something.
    """

    metal: Image | None
    radar: Image | None
    track_m: NDArray[np.float64]
    candidates: tuple[Candidate, ...]
    covered_m2: Mapping[str, float]
    reasons: Mapping[SensorName, str] = field(default_factory=dict)
    relative_permittivity: float = float("nan")


@dataclass(frozen=True, slots=True, eq=False)
class Result:
    """All that ``process`` found in one scan.

    Attributes
    ----------
    model
        Id of the confidence model; begins with "uncalibrated-" when its numbers are no probabilities, with
        "simulated-" when only simulated ground tells that they are.
    area_m2, coverage_fraction
        Area of the patch, and the part of it that both sensors covered.
    sensor_coverage
        The part of the patch that each sensor covered, {"emi": 0-1, "gpr": 0-1}.
    track_m : (p, 3) float64
        The head's smoothed track; a row of NaN breaks the line where there was no pose.
    emi_maps
        Name to map; "metal_response", its "metal_response_std", "metal_coherence" and "metal_hidden" are always
        there when the induction sensor worked, "metal_phase" when it measures frequencies.
    gpr_volume
        Migrated envelope, NaN outside coverage; None when the radar did not work.
    relative_permittivity, relative_permittivity_std
        Of the soil, as used for the depth axis; NaN without radar.
    faults
        From the file and from every step.
    provenance
        Plain text values only: versions, input hash, recipe hash, calibration hash, recipe text.
    radargram
        Of a single line, and where the recipe asks for it; else None.
    suspect_threshold
        Confidence from which a target was called suspect; None where that is not known.
    stated_detection
        Least part of mines within range that is suspect by that threshold, 0-1; None where the model does not
        state it, or the recipe set another threshold or prior.
    kept
        States after steps that `process_scan` was asked to keep, by the names they were asked for as; not written
        to files.
    doubts
        Stretches of the recording that are not believed, and what each of them takes away.
    smallest_mine
        What would have been found where; None in a file that does not tell it.
    """

    header: ScanHeader
    scan_sha256: str
    recipe_sha256: str
    model: str
    area_m2: float
    coverage_fraction: float
    sensor_coverage: Mapping[str, float]
    coverage: Coverage
    track_m: NDArray[np.float64]
    targets: tuple[Target, ...]
    emi_maps: Mapping[str, Image] = field(default_factory=dict)
    gpr_volume: Volume | None = None
    relative_permittivity: float = float("nan")
    relative_permittivity_std: float = float("nan")
    faults: tuple[Fault, ...] = ()
    provenance: Mapping[str, str] = field(default_factory=dict)
    radargram: Radargram | None = None
    suspect_threshold: float | None = None
    stated_detection: float | None = None
    kept: Mapping[str, Any] = field(default_factory=dict)
    doubts: tuple[Doubt, ...] = ()
    smallest_mine: SmallestMine | None = None

    def __repr__(self) -> str:
        return facts_text(shown_as("result", self.header), _result_facts(self))

    def _repr_html_(self) -> str:
        """Return a table of what was found and what was not assessed, for notebooks."""
        return facts_html(shown_as("result", self.header), _result_facts(self))


def _result_facts(result: Result) -> Facts:
    return [
        ("id", result.header.scan_id or "none"),
        ("targets", _target_words(result)),
        ("patch", f"{result.area_m2:.2f} m², by both sensors {_share_words(result.coverage_fraction)}"),
        *((SENSOR_NAMES[sensor], _sensor_words(result, sensor)) for sensor in ("emi", "gpr")),
        ("faults", fault_counts(result.faults)),
        ("model", result.model),
    ]


def _target_words(result: Result) -> str:
    given = [target.call for target in result.targets]
    counts = [f"{given.count(call)} {call}" for call in CALLS if call in given]
    if counts:
        return ", ".join(counts)
    return "none found in the part that was assessed" if result.coverage_fraction > 0.0 else "NOTHING ASSESSED"


def _share_words(fraction: float) -> str:
    """Part of the patch that was measured, never rounded up, and the rest of it, which must not look smaller."""
    if not math.isfinite(fraction):
        return "an unknown part measured"
    percent = math.floor(100.0 * min(max(fraction, 0.0), 1.0) + 1e-9)
    return f"{percent} % measured, {100 - percent} % not assessable"


def _sensor_words(result: Result, sensor: SensorName) -> str:
    return failure(result.faults, sensor) or _share_words(result.sensor_coverage.get(sensor, math.nan))
