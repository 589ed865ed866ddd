"""Every feature of a target, declared once: key, unit, meaning, deviation, inputs of the confidence model.

A feature is a number in ``targets.json`` under the sensor that gave it. The members of :class:`EmiFeature` and
:class:`GprFeature` are their keys, so that code that makes or uses a feature cannot misspell it; together they are
:data:`FEATURES`, the table from which the reference of all features is made.

A key with a part in braces stands for several: ``EmiFeature.PRINCIPAL.format(axis="first")`` is one of them, and
:data:`PARTS` says what may stand in the braces.
"""

from __future__ import annotations

import re
from enum import StrEnum, unique
from typing import TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    from dualsense.scan import SensorName

WEAK: Final = "weak_"
"""Before the keys of a body stand for those of an echo beside metal that is too weak to be listed as a body."""
PARTS: Final = {
    "axis": "first|middle|last",
    "channel": r"(?:real|imag|gate)_[0-9.e+]+_hz",
    "percent": "[0-9]{2}",
    "rank": "[1-9][0-9]*",
    "end": "low|high",
}
"""What stands in the braces of a key, as a pattern: axes by strength; real and imaginary part of a frequency, or a
gate by 1/(2 pi) of its centre; quantiles; the heaviest first; lowest and highest frequency."""


class _Feature(StrEnum):
    """One feature: its key, with what it is beside it.

    Attributes
    ----------
    unit
        "1" for a number without; "decade" for a logarithm to the base of ten.
    meaning
        One plain sentence.
    deviation
        Key of the feature that holds its standard deviation, empty where there is none.
    inputs
        Inputs of the confidence model that it goes into, as they are called where both sensors are weighed.
    """

    unit: str
    meaning: str
    deviation: str
    inputs: tuple[str, ...]

    def __new__(cls, key: str, unit: str, meaning: str, deviation: str = "", inputs: tuple[str, ...] = ()) -> Self:
        feature = str.__new__(cls, key)
        feature._value_ = key
        feature.unit, feature.meaning, feature.deviation, feature.inputs = unit, meaning, deviation, inputs
        return feature

    @property
    def key(self) -> str:
        """The key as plain text."""
        return str(self)

    @property
    def sensor(self) -> SensorName:
        """The sensor that gives it."""
        return "emi" if isinstance(self, EmiFeature) else "gpr"

    def stands_for(self, key: str) -> bool:
        """Whether a key of ``targets.json`` is this feature's, or one of those that it stands for."""
        pattern = re.sub(r"\\{([a-z]+).*?\\}", lambda part: f"(?:{PARTS[part[1]]})", re.escape(self))
        return re.fullmatch(pattern, key) is not None


# A table: one head line for each feature (key, unit), then its sentence, then its deviation and inputs.
# fmt: off
@unique
class EmiFeature(_Feature):
    """What the metal detector tells of a target: of the strongest dipole, and of metal in the radar's body."""

    X = ("x_m", "m",
        "Place of the metal's centre along x.",
        "x_std_m")
    Y = ("y_m", "m",
        "Place of the metal's centre along y.",
        "y_std_m")
    DEPTH = ("depth_m", "m",
        "Depth of the metal's centre below the ground, as it was fitted.",
        "depth_std_m", ("metal: depth",))
    DEPTH_STD = ("depth_std_m", "m",
        "Standard deviation of the metal's depth, as the fit states it.")
    TOLD_DEPTH = ("told_depth_m", "m",
        "Depth of the metal's centre as it is told: with how far such fits err, and how deep metal usually lies.",
        "told_depth_std_m")
    TOLD_DEPTH_STD = ("told_depth_std_m", "m",
        "Standard deviation of the depth that is told.")
    AMOUNT = ("metal_amount_m3", "m3",
        "Amount of metal: mean polarizability, root mean square over the channels.",
        "metal_amount_log_std", ("metal: log10 amount",))
    AMOUNT_LOG_STD = ("metal_amount_log_std", "1",
        "Standard deviation of the amount's natural logarithm, by the error of the depth: 6 std/(depth + 5 cm).",
        "", ("metal: log10 amount deviation",))
    FIRST_CHANNEL = ("first_channel_m3", "m3",
        "Mean polarizability in the first channel.")
    FIRST_SHARE = ("first_channel_share", "1",
        "First channel over the largest: how the response changes over the band tells metal and thickness.",
        "", ("metal: first share",))
    LAST_SHARE = ("last_channel_share", "1",
        "Last channel over the largest.",
        "", ("metal: last share",))
    ROUNDNESS = ("roundness", "1",
        "Weakest axis of the polarizability over the strongest: 1 for a sphere, near 0 for a needle or a ring.",
        "", ("metal: roundness",))
    CONTRAST = ("contrast", "1",
        "Peak of the metal in the search for it, over the median of that search.")
    COHERENCE = ("coherence", "1",
        "Part of the energy within 12 cm that all dipoles together explain, 0 to 1.",
        "", ("metal: coherence",))
    SOIL_KEPT = ("soil_kept_fraction", "1",
        "Part of the metal's energy that balancing the ground has left, 0 to 1.",
        "", ("metal: soil kept",))
    DRIFT_KEPT = ("drift_kept_fraction", "1",
        "Part of the metal's energy that lies along the track as neither drift nor ground does, 0 to 1.")
    STRONGER = ("stronger_beside", "1",
        "Energy of the strongest other metal 6 to 30 cm aside over that of this one; 0 without any.")
    DIPOLES = ("dipole_count", "1",
        "Dipoles that were found in this one object.",
        "", ("metal: dipoles",))

    LOCATED_MISFIT = ("located_misfit", "1",
        "Misfit per degree of freedom of the one dipole in its rows, near 1 where it explains them.")
    LOCATED_COHERENCE = ("located_coherence", "1",
        "Part of the energy beyond noise that the located dipole explains.")
    LOG_EVIDENCE = ("log_evidence_ratio", "1",
        "Natural logarithm of the evidence for a dipole over that for none.")
    MAGNETIC = ("magnetic_probability", "1",
        "Probability that the metal is magnetic, half of all metal being so beforehand.")
    RADIUS = ("radius_m", "m",
        "Radius of the sphere of the same metal.",
        "radius_std_m")
    RADIUS_STD = ("radius_std_m", "m",
        "Standard deviation of the equal sphere's radius.")
    ASPECT = ("aspect", "1",
        "Strongest axis of the polarizability over the weakest.",
        "aspect_std")
    ASPECT_STD = ("aspect_std", "1",
        "Standard deviation of the aspect.")
    ASYMMETRY = ("asymmetry", "1",
        "0 for a body of revolution, towards 1 where the middle axis is half-way between the others.",
        "asymmetry_std")
    ASYMMETRY_STD = ("asymmetry_std", "1",
        "Standard deviation of the asymmetry.")
    PRINCIPAL = ("principal_{axis}_m3", "m3",
        "Principal polarizability of an axis, root mean square over the channels.",
        "principal_{axis}_std_m3")
    PRINCIPAL_STD = ("principal_{axis}_std_m3", "m3",
        "Standard deviation of a principal polarizability.")
    RELAXATION = ("relaxation_{axis}_s", "s",
        "Relaxation time of an axis.",
        "relaxation_{axis}_log10_std")
    RELAXATION_STD = ("relaxation_{axis}_log10_std", "decade",
        "Standard deviation of the relaxation time's logarithm.")
    SPECTRUM = ("principal_{axis}_{channel}_m3", "m3",
        "Principal polarizability of an axis in one channel.")
    DEPTH_QUANTILE = ("depth_{percent:02d}_m", "m",
        "Depth above which the metal's centre lies with so many percent.")
    DEPTH_MODE = ("depth_mode_{rank}_m", "m",
        "One of the likeliest depths of the metal's centre.")
    X_STD = ("x_std_m", "m",
        "Standard deviation of the metal's place along x.")
    Y_STD = ("y_std_m", "m",
        "Standard deviation of the metal's place along y.")
    X_Y = ("x_y_correlation", "1",
        "Correlation of the errors along x and y.")
    X_DEPTH = ("x_depth_correlation", "1",
        "Correlation of the errors along x and in depth.")
    Y_DEPTH = ("y_depth_correlation", "1",
        "Correlation of the errors along y and in depth.")

    BODY_ASIDE = ("at_body_aside_m", "m",
        "How far from the middle of the radar body metal explains most.",
        "", ("within: aside",))
    BODY_AMOUNT = ("at_body_amount_m3", "m3",
        "Amount of metal at the radar body's place.",
        "at_body_amount_std_m3",
        ("within: log10 amount", "within: log10 deviation", "within: for its echo"))
    BODY_AMOUNT_STD = ("at_body_amount_std_m3", "m3",
        "Standard deviation of the amount of metal at the radar body's place.",
        "", ("within: log10 deviation",))
    BODY_ACROSS = ("at_body_across_m3", "m3",
        "Part of that amount across the soil's phasor, which uneven ground does not make.",
        "at_body_across_std_m3", ("within: log10 across", "within: log10 across deviation"))
    BODY_ACROSS_STD = ("at_body_across_std_m3", "m3",
        "Standard deviation of the part across the soil's phasor.",
        "", ("within: log10 across deviation",))
    BODY_STATISTIC = ("at_body_statistic", "1",
        "How sure metal is at the radar body's place: drop of the misfit per channel.",
        "", ("within: log10 statistic",))
    BODY_DEEPER = ("at_body_deeper", "1",
        "By how much that drop is larger 5 cm below the body's top than 5 mm below it.",
        "", ("within: deeper",))
    BODY_FIRST_SHARE = ("at_body_first_share", "1",
        "First channel over the largest, of the metal at the radar body's place.",
        "", ("within: first share",))
    BODY_LAST_SHARE = ("at_body_last_share", "1",
        "Last channel over the largest, of the metal at the radar body's place.",
        "", ("within: last share",))
    BODY_PHASE = ("at_body_{end}_phase_rad", "rad",
        "Phase of that metal at the lowest or highest frequency: steel near 0, brass and aluminium towards -pi.",
        "", ("within: {end} in phase", "within: {end} out of phase"))

    DETECTION_LIMIT = ("detection_limit_m3", "m3",
        "Where no metal was found, the least amount that would have been.")
    STRANGENESS = ("strangeness", "1",
        "Distance from all that the confidence model has been fitted to; above 1 nothing is called clutter.")


@unique
class GprFeature(_Feature):
    """What the radar tells of a target: of the body that it lists, or of what it did not see."""

    X = ("x_m", "m",
        "Place of the body's middle along x.")
    Y = ("y_m", "m",
        "Place of the body's middle along y.")
    DEPTH = ("depth_m", "m",
        "Depth of the body's top; its deviation is in the target's position_std_m.",
        "", ("body: depth",))
    WIDTH = ("width_m", "m",
        "Short diameter of the spot within 6 dB, resolution included.",
        "size_std_m", ("body: log10 size", "body: log10 width", "body: elongation", "pair: aside of size"))
    LENGTH = ("length_m", "m",
        "Long diameter of the spot within 6 dB, resolution included.",
        "size_std_m", ("body: log10 size", "body: elongation", "pair: aside of size"))
    SIZE_STD = ("size_std_m", "m",
        "Standard deviation of the body's size: size over 1.18 contrast.")
    CONTRAST = ("contrast", "1",
        "Echo over the clutter around it.",
        "", ("body: log10 contrast",))
    AMPLITUDE = ("amplitude", "1",
        "Echo over the surface's echo.",
        "amplitude_std", ("body: log10 amplitude", "within: for its echo"))
    AMPLITUDE_STD = ("amplitude_std", "1",
        "Standard deviation of the amplitude: amplitude over 1.18 contrast.")
    COHERENCE = ("coherence", "1",
        "Whether soundings agree on the echo, 0 to 1.",
        "", ("body: coherence",))
    PHASE = ("phase_rad", "rad",
        "Polarity of the echo: plastic in soil, metal and cavities differ.",
        "phase_std_rad", ("body: in phase", "body: out of phase", "body: in phase by index"))
    PHASE_STD = ("phase_std_rad", "rad",
        "Standard deviation of the phase: 1 over 1.18 contrast.")
    EDGE = ("edge_fraction", "1",
        "Part of the body's outline that touches ground the radar did not cover.",
        "", ("body: edge",))
    HIDDEN = ("hidden", "1",
        "1 where the clutter above is brighter, so that contrast alone tells the depth.",
        "", ("body: hidden",))
    FALSE_BODIES = ("false_bodies_per_m2", "1/m2",
        "Bodies at least this strong that clutter makes here: the same search with scrambled signs of soundings.")

    THICKNESS = ("thickness_m", "m",
        "Standard deviation along depth of the energy below and above the echo.",
        "", ("body: thickness",))
    LOWER_RATIO = ("lower_ratio", "1",
        "Strongest further echo 1.5 to 6 cm below, over the first; 0 without one.",
        "", ("body: lower echo",))
    LOWER_GAP = ("lower_gap_m", "m",
        "How far below the first that echo lies; 0 without one.",
        "", ("body: lower gap",))
    LOWER_PHASE = ("lower_phase_rad", "rad",
        "Phase of that echo less that of the first; 0 without one.",
        "", ("body: lower in phase", "body: lower out of phase"))
    WAVENUMBER = ("wavenumber_per_m", "rad/m",
        "Slope of the phase along depth: the centre of the spectrum that came back.",
        "", ("body: wavenumber",))
    ASYMMETRY = ("asymmetry", "1",
        "0 where the spot looks the same turned by half a turn, towards 1 where it does not.",
        "", ("body: asymmetry",))
    FOCUS = ("focus", "1",
        "Part of the energy within 8 cm to the side that lies within 4 cm.",
        "", ("body: focus",))
    SPREAD = ("spread_m", "m",
        "Root mean square distance to the side of the energy within 10 cm.",
        "", ("body: spread",))
    TAIL = ("tail", "1",
        "Energy from 1.5 to 6 cm below the echo, over that of the echo.",
        "", ("body: log10 tail",))

    METAL_ASIDE = ("metal_aside_m", "m",
        "How far to the side metal lies from the body's middle.",
        "metal_aside_std_m", ("pair: aside", "pair: aside of size"))
    METAL_ASIDE_STD = ("metal_aside_std_m", "m",
        "Standard deviation of how far to the side the metal lies.")
    METAL_BELOW_TOP = ("metal_below_top_m", "m",
        "How far below the body's top the metal's centre lies.",
        "metal_below_top_std_m", ("pair: below top",))
    METAL_BELOW_TOP_STD = ("metal_below_top_std_m", "m",
        "Standard deviation of how far below the top the metal lies.")
    METAL_DISTANCE = ("metal_distance_squared", "1",
        "Squared distance of metal and body in standard deviations.",
        "", ("pair: log10 distance",))

    PERMITTIVITY = ("relative_permittivity", "1",
        "Of the soil, where the radar lists no body.",
        "", ("body: index", "body: in phase by index"))
    WOULD_DETECT = ("heard", "1",
        "1 where the radar, set as it was, would have listed a body here.")
    REFLECTS = ("reflects", "1",
        "1 where a mine in this soil would surely reflect.")
    SILENCE = ("silence", "1",
        "Natural log-likelihood ratio, by the rules, of seeing no body here.")
    BLIND = ("blind", "1",
        "1 where the radar could have missed a mine here.")
    JOINT_RATIO = ("joint_log_likelihood_ratio", "1",
        "What both sensors say together beyond the sum of what each says.")
    STRANGENESS = ("strangeness", "1",
        "Distance from all that the confidence model has been fitted to; above 1 nothing is called clutter.")
# fmt: on


FEATURES: Final[tuple[EmiFeature | GprFeature, ...]] = (*EmiFeature, *GprFeature)
"""All features, in the order in which a target tells them."""


def find_feature(sensor: SensorName, key: str) -> EmiFeature | GprFeature:
    """Find the declaration of a key of ``targets.json``.

    Parameters
    ----------
    sensor
        Under which the key stands.
    key
        As it stands there, ``weak_`` before it included.

    Returns
    -------
    EmiFeature or GprFeature

    Raises
    ------
    KeyError
        When no feature is declared by that key.

    Examples
    --------
    >>> find_feature("emi", "principal_first_std_m3").unit
    'm3'
    """
    own = key.removeprefix(WEAK) if sensor == "gpr" else key
    for feature in FEATURES:
        if feature.sensor == sensor and feature.stands_for(own):
            return feature
    msg = f"no feature of {sensor} is declared by the key {key!r}"
    raise KeyError(msg)
