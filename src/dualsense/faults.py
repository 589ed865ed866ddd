"""Every kind of fault, declared once: its code, which sensor it limits, how gravely, its sentence, its meaning.

A fault is made by :func:`fault` from the code of its kind and the values of its sentence, so that the reader of a
result may branch on the code, and a translation word the values anew. :data:`KINDS` is the table from which the
reference of all faults is made.
"""

from __future__ import annotations

from dataclasses import dataclass
from string import Formatter
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, TypeVar

from dualsense.scan import Fault

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dualsense.scan import SensorOrPose, Severity

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class FaultKind:
    """One kind of fault.

    Attributes
    ----------
    code
        What a program knows it by; never changed once released.
    sensor
        Whose data it limits; None where :func:`fault` is given it.
    severity
        As for :class:`dualsense.scan.Fault`; None where it depends on the numbers, and :func:`fault` is given it.
    path
        Dataset that it lies in, where nothing else is given; None where the path always has to be given.
    wording
        Its sentence, a template for :meth:`str.format`.
    meaning
        What happened, and what it takes away from what can be said.
    """

    code: str
    sensor: SensorOrPose | None
    severity: Severity | None
    path: str | None
    wording: str
    meaning: str

    @property
    def fields(self) -> frozenset[str]:
        """Names of the values that the sentence is worded with."""
        return frozenset(name for _, name, _, _ in Formatter().parse(self.wording) if name)


def fault(
    code: str,
    *,
    path: str | None = None,
    severity: Severity | None = None,
    sensor: SensorOrPose | None = None,
    channel: int | None = None,
    **values: object,
) -> Fault:
    """Word a fault.

    Parameters
    ----------
    code
        Of its kind, one of :data:`KINDS`.
    path
        Dataset in the file, or the file's name; None takes the kind's own.
    severity, sensor
        Where the kind leaves them open, and only there.
    channel
        Antenna or coil pair, where there are several: the sentence begins with it.
    **values
        What its sentence is worded with: all of it, and nothing else.

    Returns
    -------
    Fault

    Raises
    ------
    ValueError
        No such kind, a value is missing or not asked for, or sensor, severity or path are missing or given where
        the kind has its own.
    """
    kind = KINDS.get(code)
    if kind is None:
        msg = f"no kind of fault has the code {code!r}"
        raise ValueError(msg)
    if values.keys() != kind.fields:
        msg = f"{code} is worded with {sorted(kind.fields)}, got {sorted(values)}"
        raise ValueError(msg)
    where = _settled(code, "path", None, kind.path if path is None else path)
    whose: SensorOrPose = _settled(code, "sensor", kind.sensor, sensor)
    how_gravely: Severity = _settled(code, "severity", kind.severity, severity)
    message = kind.wording.format_map(values)
    if channel is not None:
        message, values = f"channel {channel}: {message}", {"channel": channel, **values}
    return Fault(whose, how_gravely, where, message, code, values)


def _settled(code: str, what: str, declared: T | None, given: T | None) -> T:
    """Return what is declared or given; it has to be one of both."""
    one = given if declared is None else declared
    if one is None or (declared is not None and given is not None):
        msg = f"{code} needs its {what} either declared or given, got {declared!r} and {given!r}"
        raise ValueError(msg)
    return one


# A table: one head line for each kind (code, sensor, severity, path), then its sentence, then its meaning.
# fmt: off
_READING: Final = (
    FaultKind("soundings-absent", None, "failed", None,
        "holds no soundings",
        "The sensor's group is there and empty. Nothing can be said by this sensor."),
    FaultKind("samples-constant", None, "failed", None,
        "all {soundings} soundings are {level}",
        "The sensor gave one and the same reading from beginning to end, as a sensor does that is not "
        "connected. Nothing can be said by it."),
    FaultKind("samples-not-finite", None, "failed", None,
        "none of the {values} values is finite",
        "Every sample is missing. Nothing can be said by this sensor."),
    FaultKind("samples-too-few", None, "failed", None,
        "only {live} of {total} tones, gates or samples can be used ({detail})",
        "So many tones, gates or samples are constant or missing that the rest measure nothing: a radar needs "
        "half of them, a metal detector one. Nothing can be said by this sensor."),
    FaultKind("channel-empty", None, "failed", None,
        "made no sounding",
        "An antenna or coil pair that the file describes was never used. Stands within the sentences of "
        "channel-unusable and channels-unusable."),
    FaultKind("channel-unusable", None, "degraded", None,
        "{cause}; not used",
        "One antenna or coil pair of several does not work. What it swept is not covered by it."),
    FaultKind("channels-unusable", None, "failed", None,
        "{causes}",
        "None of the antenna or coil pairs works. Nothing can be said by this sensor."),
    FaultKind("columns-constant", None, "degraded", None,
        "{columns} the same in every sounding; not used",
        "Some tones, gates or samples do not react to the ground. They are left out; with fewer of them bodies "
        "lie closer together than the sensor can tell apart."),
    FaultKind("columns-missing", None, "degraded", None,
        "{columns} missing in more than {limit:.0%} of the soundings; not used",
        "Some tones, gates or samples are missing too often to be used. They are left out; with fewer of them "
        "bodies lie closer together than the sensor can tell apart."),
    FaultKind("soundings-silent", None, "degraded", None,
        "{count} soundings hold no signal at all; masked",
        "Whole soundings are zero, or one value throughout, which no ground is. They are left out, and the "
        "ground below them is not covered."),
    FaultKind("soundings-stuck", None, "degraded", None,
        "{count} soundings repeat the one before, the sensor was stuck; masked",
        "The sensor went on giving an old reading while the head moved on. The repeated soundings are left out, "
        "and the ground below them is not covered."),
    FaultKind("values-missing", None, None, None,
        "{count} of {total} values ({share:.2g} of all) in {soundings} soundings are not finite; masked",
        "Single samples are missing. Few of them are bridged from their neighbours later; where there are many, "
        "soundings are given up and their ground is not covered."),
    FaultKind("times-missing", None, "info", None,
        "{count} of {total} soundings have no finite time; dropped",
        "Without a time a sounding has no place. The ground below is covered by its neighbours or not at all."),
    FaultKind("track-elsewhere", None, "failed", None,
        "runs from {first_s:.6g} to {last_s:.6g} s, expected poses within {gap_s} s of it, found them from "
        "{pose_first_s:.6g} to {pose_last_s:.6g} s",
        "The sensor's clock and the tracker's share no moment, so that no sounding has a place. Nothing can be "
        "said by this sensor; most likely one of the clocks counts from another zero."),
    FaultKind("track-gaps", None, "degraded", None,
        "{count} of {total} soundings have no pose within {gap_s} s; their ground is not covered",
        "The tracker lost the head for a while. Soundings of that time have no place, and their ground is not "
        "covered."),
    FaultKind("poses-dropped", "pose", None, None,
        "{count} of {total} poses are not finite; dropped",
        "Some poses lack a number. The track goes on between their neighbours unless the gap is too long; then "
        "the ground there is not covered."),
    FaultKind("pose-errors-unknown", "pose", None, None,
        "{count} of {total} tracking errors are not finite; taken as unknown",
        "The file states the track's error and leaves it out in places. Nothing is assumed of it there."),
    FaultKind("gpr-reference-unusable", "gpr", "degraded", "/gpr/reference",
        "{count} of {total} values of the free-air reference are zero or not finite; not used",
        "The recording in free air is too poor to calibrate with. The direct coupling of the antennas stays in "
        "the data until the background removal, and shallow bodies are harder to see."),
    FaultKind("gpr-reference-masked", "gpr", None, "/gpr/reference",
        "{count} of {total} values of the free-air reference are zero or not finite; masked",
        "Some values of the recording in free air are missing; they are bridged from their neighbours if they "
        "are few."),
    FaultKind("gpr-file-cut-off", "gpr", "degraded", None,
        "the last {part} is cut off: {rest_bytes} of {whole_bytes} bytes; dropped",
        "The file ends within a trace, as when the recorder's battery died or a copy was broken off. What came "
        "after is lost, and that ground is not in the file."),
)
"""Found while a file is read or imported."""

_CALIBRATION: Final = (
    FaultKind("gpr-clipped", "gpr", None, "/gpr/data",
        "{samples} samples of {traces} radar traces are clipped, and {fate}",
        "The receiver was driven beyond its range. A clipped echo has neither its amplitude nor its shape; "
        "where most traces are clipped the picture near the surface is not to be trusted."),
    FaultKind("gpr-steps-idle", "gpr", "info", "/gpr/data",
        "{tables} of the recipe work on samples in time and change nothing: the radar recorded tones",
        "The recipe asks for steps that need traces in time, and the radar steps through frequencies. They are "
        "passed over."),
    FaultKind("gpr-line-time-zero", "gpr", "info", "/gpr/sample_time",
        "time zero of the line by its direct wave at {time_ns:.2f} ns, give or take {std_ns:.2f}; the file does "
        "not tell",
        "The file does not say when the transmitter fired. Depths hang on the pick of the direct wave, with the "
        "error that is given."),
    FaultKind("gpr-tones-left-out", "gpr", "info", "/gpr/data",
        "{count} of {total} tones are missing in most soundings and are left out",
        "Some frequencies were hardly ever recorded. They are not used for any sounding."),
    FaultKind("gpr-values-bridged", "gpr", "info", "/gpr/data",
        "{count} missing radar values bridged from neighbouring {axis}",
        "Short gaps within a sounding were filled linearly from both sides. Nothing is taken away."),
    FaultKind("gpr-soundings-incomplete", "gpr", "degraded", "/gpr/data",
        "{count} of {total} radar soundings have too many missing values",
        "The gaps are too long to bridge without inventing. These soundings are left out, and the ground below "
        "them is not covered by the radar."),
    FaultKind("gpr-reference-bridged", "gpr", "info", "/gpr/reference",
        "free-air reference has {count} missing values bridged",
        "Short gaps in the recording in free air were filled from both sides. Nothing is taken away."),
    FaultKind("gpr-reference-incomplete", "gpr", "info", "/gpr/reference",
        "free-air reference has too many missing values, and is not used",
        "The direct coupling of the antennas stays in the data until the background removal."),
    FaultKind("gpr-too-few-soundings", "gpr", "failed", "/gpr/data",
        "{count} usable radar soundings with a position, at least {needed} are needed",
        "Too little is left of the radar's data to image anything. Nothing can be said by the radar."),
    FaultKind("gpr-band-narrow", "gpr", "degraded", "/gpr/data",
        "the radar's band of {band_ghz:.2f} GHz is too narrow to tell a shallow body from the surface",
        "The resolution in depth goes with the width of the band. A flush or shallow mine may be hidden by the "
        "surface, and the radar's silence is not evidence that there is none."),
    FaultKind("gpr-only-noise", "gpr", "failed", "/gpr/data",
        "the radar recorded nothing but noise, or too few soundings too far apart: neighbours have nothing in "
        "common",
        "Neighbouring soundings should resemble each other, and do not. Nothing can be said by the radar."),
    FaultKind("gpr-spectral-loss", "gpr", None, "/gpr/data",
        "{step} takes {loss:.0%} of a target's energy",
        "The recipe's filter takes part of the target away with the rest. Much of it, and the radar may miss a "
        "small mine."),
    FaultKind("emi-too-few-samples", "emi", "failed", "/emi/data",
        "{count} usable metal samples with a position, at least {needed} are needed",
        "Too little is left of the metal detector's data to fit anything. Nothing can be said by the metal "
        "detector."),
    FaultKind("emi-spikes", "emi", "info", "/emi/data",
        "{count} single samples stick out and are left out",
        "Single readings far from both neighbours come from the electronics: metal is felt over several samples."),
    FaultKind("emi-only-noise", "emi", "failed", "/emi/data",
        "the metal detector recorded nothing but noise: neither drift, ground nor metal",
        "A working metal detector over ground shows at least drift. Nothing can be said by the metal detector."),
    FaultKind("emi-metal-hidden", "emi", "info", "/emi/data",
        "on {part:.0%} of the ground that the metal detector swept metal would have been hidden: not covered",
        "Beside strong metal, among litter or in noise, a ball of 9 mm, 5 cm deep, could not have been told."),
    FaultKind("detections-left-out", None, "info", None,
        "left out of the list: {count}, probably artefacts, at x:y m {places}; the ground there is not covered",
        "Strong objects leave faint detections about them where nothing lies. What is less likely to be anything "
        "than 999 of 1,000 mines of simulated lanes is no target; within 5 cm of it ground is not covered."),
    FaultKind("emi-latency-corrected", "emi", "info", "/emi/time",
        "the metal samples are stamped {shift_ms:.0f} ± {std_ms:.0f} ms too {sense}, {way_cm:.1f} cm of the "
        "way: corrected",
        "Sweeps to and fro show the same metal at two places. Their times were shifted so that they agree."),
    FaultKind("emi-latency-unconfirmed", "emi", "degraded", "/emi/time",
        "the metal samples seem to be stamped {shift_ms:.0f} ± {std_ms:.0f} ms too {sense}, and passes do not "
        "confirm it: not corrected, and nothing is called clutter",
        "One delay explains the strongest metal best. It is real, or what the detector shows is hum."),
)
"""Found while the data of a sensor are conditioned and calibrated."""

_TRACK: Final = (
    FaultKind("track-off-ground", "pose", "degraded", "/pose/position",
        "{count} of {total} {sensor_name} samples were taken below the ground's surface or more than "
        "{max_height_m} m above it; they do not count",
        "Where the head is that high, or the track puts it into the ground, a sample says nothing of the "
        "ground. It is left out, and its ground is not covered."),
    FaultKind("track-heights-differ", "pose", "degraded", "/pose/position",
        "the tracked heights differ by {difference_mm:.0f} mm from those that the ground's echo tells: the "
        "tracker errs by more than it states, or the ground is very rough; nothing is called clutter",
        "The height of the antennas as the radar measures it does not follow the track. Places and depths are "
        "less sure than stated, so nothing is called clutter."),
)
"""Found on the track while it is used."""

_IMAGING: Final = (
    FaultKind("gpr-antennas-unknown", "gpr", "info", "/gpr",
        "the antennas of {instrument!r} are not known: the ground's echo does not tell its permittivity",
        "Without the antennas' response the surface echo cannot be weighed. The permittivity comes from the "
        "focus or the prior instead, and depths are less sure."),
    FaultKind("gpr-ground-echo-uneven", "gpr", "info", "/gpr/data",
        "the ground's echo is not that of even ground below these antennas, and tells no permittivity",
        "The surface echo does not have the shape of one from flat ground. The permittivity comes from the "
        "focus or the prior instead, and depths are less sure."),
    FaultKind("gpr-background-nothing-removed", "gpr", "degraded", "/gpr/data",
        "the background removal ({method}) took nothing away: what soundings have in common may still be in the "
        "picture",
        "The method found no background to remove, as svd with rank auto does where no part of the data stands "
        "out. What the surface step left of the ground's echo and of the antennas' ringing stays in the picture "
        "and may hide a shallow body."),
    FaultKind("gpr-target-loss", "gpr", "degraded", "/gpr/data",
        "{step} takes {loss:.0%} of the energy of a body {body_cm:.0f} cm across: the radar may miss a small "
        "mine",
        "A step that removes clutter removes part of every body as well; here so much that the radar's silence "
        "is not evidence that there is no small mine."),
    FaultKind("gpr-target-loss-small", "gpr", "info", "/gpr/data",
        "{step} takes {loss:.0%} of the energy of a body {body_cm:.0f} cm across",
        "What a step of the recipe costs a small mine, for information."),
    FaultKind("gpr-antennas-on-ground", "gpr", "info", "/gpr",
        "the antennas touch the ground: migrated by kirchhoff, the wavenumber route needs them above it",
        "The recipe asks for a migration that does not hold here; another one took its place."),
    FaultKind("gpr-silence-inconclusive", "gpr", "degraded", "/gpr",
        "where the radar is silent there may still be a mine: {causes}",
        "For the causes given, a mine need not have shown in the radar's picture. Metal without an echo is not "
        "called clutter for want of one."),
    FaultKind("gpr-volume-empty", "gpr", "degraded", "/gpr",
        "under {part:.0%} of the ground that the radar swept its volume is mostly empty: not covered",
        "Too few soundings reach those cells to image them. That ground is not covered by the radar."),
)
"""Found while the radar's picture is made."""

_INTEGRITY: Final = (
    FaultKind("samples-repeated", None, "degraded", None,
        "{part:.0%} of the samples repeat earlier ones, between {start_s:.1f} and {stop_s:.1f} s; left out",
        "A sensor that measures never gives the same numbers twice: it hung, or a buffer was sent again."),
    FaultKind("stretch-only-noise", None, "degraded", None,
        "{part:.0%} of the soundings hold nothing but noise, in {stretches} stretches between {start_s:.1f} and "
        "{stop_s:.1f} s; left out",
        "For a while neighbouring soundings had nothing in common but their mean: an antenna came loose."),
    FaultKind("stretch-noisy", None, "degraded", None,
        "{part:.0%} of the samples are far noisier than the rest, in {stretches} stretches between {start_s:.1f} "
        "and {stop_s:.1f} s; left out",
        "A disturbance came and went. Its samples are left out, and the ground below them is not covered."),
    FaultKind("gain-stepped", None, "degraded", None,
        "gain or phase is another for {part:.0%} of the soundings, in {stretches} stretches between "
        "{start_s:.1f} and {stop_s:.1f} s; left out",
        "The coupling of the antennas and the ground's echo stepped from one sounding to the next, which no "
        "ground does. Soundings of the smaller part are left out, and the ground below them is not covered."),
    FaultKind("samples-clipped", None, "degraded", None,
        "{part:.0%} of the samples are clipped, between {start_s:.1f} and {stop_s:.1f} s; their ground is not "
        "covered",
        "The receiver was driven beyond its range. The samples are used, for what is there is strong."),
    FaultKind("tones-noisy", "gpr", "degraded", "/gpr/data",
        "{count} of {total} tones are noise; left out",
        "Some frequencies were disturbed throughout; with fewer of them the radar tells less apart."),
    FaultKind("record-short", None, "degraded", None,
        "the radar's record is too short to hold echoes from 12 cm of depth; nothing is covered by it",
        "Traces end, or tones lie so far apart that what is deeper appears as if it were shallow."),
    FaultKind("track-stuck", None, "degraded", None,
        "the track stands still for {part:.0%} of the poses, in {stretches} stretches between {start_s:.1f} and "
        "{stop_s:.1f} s; what was measured then does not count",
        "The tracker repeated a place while the head may have moved on. Samples of that time have no place."),
    FaultKind("track-jumps", None, "degraded", None,
        "the track jumps, between {start_s:.1f} and {stop_s:.1f} s; {part:.0%} of it is not believed",
        "The tracker lost its place or slipped. Where it came back, the stretch between is not covered; where it "
        "did not, part of the ground lies at a wrong place."),
    FaultKind("track-jitters", None, "degraded", None,
        "places jitter by more than 15 mm from pose to pose; no ground is covered",
        "With such an error passes cannot be put beside each other: mines are blurred, and lie elsewhere."),
    FaultKind("track-uneven", None, "degraded", None,
        "places tremble along one axis more than the tracker states; no ground is covered",
        "Along the other axis they do not: one of both may have another scale, and places are wrong."),
    FaultKind("track-too-fast", None, "degraded", None,
        "the head is faster than a hand for {part:.0%} of the poses, between {start_s:.1f} and {stop_s:.1f} s; "
        "their ground is not covered",
        "Either the track jumps, or its unit is not the metre."),
    FaultKind("track-level", None, "degraded", None,
        "all heights are the same while places tremble: heights were not measured; no ground is covered",
        "Without heights the ground's echo cannot be taken away, and depths are not known."),
    FaultKind("clock-disagrees", None, "degraded", None,
        "tracked heights follow those of the ground's echo at another time; no ground is covered by the radar",
        "The radar's clock and the tracker's do not agree: echoes lie to one side on the way there and to the "
        "other on the way back."),
    FaultKind("passes-disagree", None, "degraded", None,
        "the radar's neighbouring passes do not agree for {part:.0%} of the time; that ground is not covered",
        "Ground that is passed over again must give the same answer, or track, clock or radar are wrong."),
    FaultKind("scale-disagrees", None, "degraded", None,
        "along the track the radar's traces change within another way than waves allow; no ground is covered",
        "Either the track's unit is not the metre, or soundings are in disorder, or most of them are noise."),
    FaultKind("metal-disagrees", None, "degraded", None,
        "metal samples of neighbouring passes do not agree; no ground is covered by the metal detector",
        "What the detector shows changes with time and not with place, as hum, a beat or a wrong clock does."),
)
"""Found by the checks of integrity (`dualsense.integrity.CHECKS`), stretch by stretch."""

_CHAIN: Final = (
    FaultKind("sensor-absent", None, "failed", None,
        "the scan holds no {sensor_name} data",
        "The file has only the other sensor. What only this one could tell is not assessable."),
    FaultKind("processing-failed", None, "failed", None,
        "processing failed: {cause}",
        "The numbers led a sensor's chain to where it cannot go on. Nothing can be said by this sensor; the "
        "other is processed."),
)
"""Found by the composer."""
# fmt: on

KINDS: Final[Mapping[str, FaultKind]] = MappingProxyType(
    {kind.code: kind for kind in (*_READING, *_INTEGRITY, *_CALIBRATION, *_TRACK, *_IMAGING, *_CHAIN)}
)
"""Every kind of fault by its code, in the order in which a scan may meet them."""
