"""Kinds of fault of a file that is read or imported, and of a scan without a sensor."""

from __future__ import annotations

from typing import Final

from dualsense.faults._kind import FaultKind

# A table: one head line for each kind (code, sensor, severity, path), then its sentence, then its meaning.
# fmt: off
READING: Final = (
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
    FaultKind("recording-unfinished", "pose", "degraded", None,
        "the recording was not ended by what wrote it; nothing after {last_s:.1f} s is there",
        "The recorder stopped, or lost its power, before it closed the file. What had been written by then is "
        "used; ground that was swept after that is not covered."),
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

CHAIN: Final = (
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
