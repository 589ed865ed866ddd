"""Kinds of fault of a recording that is not what it seems: of samples, track and clocks."""

from __future__ import annotations

from typing import Final

from dualsense.faults._kind import FaultKind

# A table: one head line for each kind (code, sensor, severity, path), then its sentence, then its meaning.
# fmt: off
INTEGRITY: Final = (
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
    FaultKind("noise-unlike", None, "degraded", None,
        "a few frequencies were disturbed for a while: {part:.0%} of the samples, in {stretches} stretches "
        "between {start_s:.1f} and {stop_s:.1f} s; their ground is not covered",
        "For a while some columns held noise as the rest does not: a transmitter, a power line or another "
        "detector was near."),
    FaultKind("coupling-unlike", None, "degraded", None,
        "the antennas hear each other otherwise in {part:.0%} of the soundings, in {stretches} stretches between "
        "{start_s:.1f} and {stop_s:.1f} s; their ground is not covered",
        "What the antennas hear of each other is the instrument's own. It faded or changed, an antenna was bent, "
        "or the reference in free air is that of another head."),
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
    FaultKind("patch-narrow", None, "degraded", None,
        "the swept strip is narrower than 18 cm; no ground is covered",
        "So narrow a strip shows every object from one side only, and nothing tells whether its width is true. "
        "Sweep a wider patch, or look whether the tracker crept back."),
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
        "along the track the radar's echoes change too soon or too late: the track may have another unit, or the "
        "radar shows noise; no ground is covered",
        "Waves tell within which way echoes change. Either the track's unit is not the metre, or soundings are in "
        "disorder, or most of them are noise."),
    FaultKind("metal-disagrees", None, "degraded", None,
        "metal samples of neighbouring passes do not agree; no ground is covered by the metal detector",
        "What the detector shows changes with time and not with place, as hum, a beat or a wrong clock does."),
    FaultKind("metal-unvouched", None, "degraded", None,
        "nothing that the metal detector shows follows the ground or repeats at one place: whether it works is "
        "not known, and no ground is covered by it",
        "A working detector hears the ground come nearer and go, or metal twice. Sweep a test piece, too."),
)
"""Found by the checks of integrity (`dualsense.integrity.CHECKS`), stretch by stretch."""

TRACK: Final = (
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
    FaultKind("track-offset", "pose", "degraded", "/pose/position",
        "all tracked heights are off by {offset_mm:+.0f} mm, by the delay of the ground's echo: no ground is "
        "covered",
        "The tracker counts heights from another zero, or sits elsewhere on the head than the file says. Depths "
        "are wrong by as much, what lies deep is out of focus, and what metal could hide is told for another "
        "height."),
    FaultKind("places-disagree", "pose", "degraded", "/pose/position",
        "metal lies {offset_cm:.0f} cm beside the echoes of the same objects ({sigmas:.1f} standard deviations): "
        "a sensor's place on the head is wrong; no ground is covered",
        "Both sensors pass over the same objects. Where all metal lies aside of its echo by the same way, the "
        "file tells the place of antennas or coils wrong, and what belongs together would be judged apart."),
    FaultKind("ways-disagree", "gpr", "degraded", "/gpr/time",
        "echoes lie {apart_cm:.0f} cm apart by passes to and by passes fro ({sigmas:.1f} standard deviations): "
        "the radar's clock is off; no ground is covered by it",
        "An object lies at one place, whichever way the head goes over it. With a clock that is off each way sees "
        "it ahead of where it is, or behind."),
)
"""Found on the track while it is used."""
# fmt: on
