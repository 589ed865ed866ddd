"""Kinds of fault of a sensor's data while they are calibrated and imaged."""

from __future__ import annotations

from typing import Final

from dualsense.faults._kind import FaultKind

# A table: one head line for each kind (code, sensor, severity, path), then its sentence, then its meaning.
# fmt: off
CALIBRATION: Final = (
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

IMAGING: Final = (
    FaultKind("gpr-antennas-unknown", "gpr", "info", "/gpr",
        "the antennas of {instrument!r} are not known: the ground's echo does not tell its permittivity",
        "Without the antennas' response the surface echo cannot be weighed. The permittivity comes from the "
        "focus or the prior instead, and depths are less sure."),
    FaultKind("gpr-ground-echo-uneven", "gpr", "info", "/gpr/data",
        "the ground's echo is not that of even ground below these antennas, and tells no permittivity",
        "The surface echo does not have the shape of one from flat ground. The permittivity comes from the "
        "focus or the prior instead, and depths are less sure."),
    FaultKind("gpr-layer-below", "gpr", "info", "/gpr/data",
        "a second echo follows the ground's ({part:.0%} of it), as of a layer about {depth_cm:.0f} cm down: the "
        "permittivity is less sure, and so are depths",
        "All of the ground sends a later echo behind that of its surface. A layer below, or a wet or frozen "
        "horizon, does that. The permittivity that the surface's echo tells may be 0.6 to 1.6 times the true one, "
        "and its stated deviation is widened. Large shallow objects close together may do it too."),
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
    FaultKind("gpr-record-ends", "gpr", None, "/gpr/sample_time",
        "the traces end with echoes from {depth_cm:.0f} cm: nothing deeper was measured",
        "The instrument stopped listening before echoes from the deepest slices came back. Below that depth the "
        "ground is not covered; where mines may lie deeper than that, no ground is covered by the radar."),
    FaultKind("gpr-volume-empty", "gpr", "degraded", "/gpr",
        "under {part:.0%} of the ground that the radar swept its volume is mostly empty: not covered",
        "Too few soundings reach those cells to image them. That ground is not covered by the radar."),
)
"""Found while the radar's picture is made."""
# fmt: on
