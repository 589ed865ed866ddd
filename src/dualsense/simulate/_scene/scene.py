"""A scene to be simulated: soil, buried objects, instrument, motion and noise. Frozen.

Units are in the names. Positions are in the scan's local frame: x along the lane, y to its left, z up, z = 0 the
nominal surface; ``depth_m`` is that of an object's top.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field

from dualsense.errors import RecipeError
from dualsense.simulate._scene import bounds
from dualsense.simulate._scene.array import Array  # noqa: TC001 - the reader of scenes asks for types at run time
from dualsense.simulate._scene.bounds import Vector  # noqa: TC001 - the reader of scenes asks for types at run time
from dualsense.simulate._scene.handling import Faults, Motion, Noise
from dualsense.simulate._scene.instrument import Detector, Radar
from dualsense.simulate._scene.parts import Model  # noqa: TC001 - the reader of scenes asks for types at run time

FARTHEST_M = 1000.0
_MOST_PERMITTIVITY = 100.0
_MOST_UNEVEN = 1.0
_HIGHEST_M = 0.1
"""A rougher surface would stand above the head."""


@dataclass(frozen=True, slots=True)
class Layer:
    """A flat layer under the soil, from its top down to the next one's; for the radar.

    Attributes
    ----------
    top_m
        Depth under the mean surface.
    relative_permittivity, conductivity_s_m, loss_tangent
        Like the soil's.
    """

    top_m: float
    relative_permittivity: float
    conductivity_s_m: float = 0.008
    loss_tangent: float = 0.0

    def __post_init__(self) -> None:
        bounds.above(self, 0.0, "top_m")
        bounds.at_least(self, 1.0, "relative_permittivity")
        bounds.at_least(self, 0.0, "conductivity_s_m", "loss_tangent")


@dataclass(frozen=True, slots=True)
class Soil:
    """The ground.

    Attributes
    ----------
    relative_permittivity, conductivity_s_m, loss_tangent
        What the radar sees. The loss tangent is that of bound water, beside the conductivity.
    permittivity_std, permittivity_length_m
        Standard deviation of the permittivity, relative to its mean, and its correlation length l in
        exp(-(r / l)^2 / 2).
    roughness_rms_m, roughness_length_m
        Of the surface, with the same kind of correlation.
    susceptibility, susceptibility_loss
        chi' and chi'' (both positive, chi = chi' - i chi'') at ``susceptibility_hz``; viscous, so chi'' holds
        over the band and chi' falls with the logarithm of frequency.
    susceptibility_std, conductivity_std
        Standard deviation from place to place, relative to the mean; what the metal detector sees. Both the same
        at all depths.
    patch_length_m
        Correlation length of both, l in exp(-(r / l)^2 / 2).
    layers
        Below, from the top; the metal detector does not see them.

    Raises
    ------
    RecipeError
        A value out of its range, or layers that are not listed from the top.
    """

    relative_permittivity: float = 6.0
    conductivity_s_m: float = 0.008
    loss_tangent: float = 0.0
    permittivity_std: float = 0.04
    permittivity_length_m: float = 0.02
    roughness_rms_m: float = 0.004
    roughness_length_m: float = 0.03
    susceptibility: float = 3e-4
    susceptibility_loss: float = 2e-5
    susceptibility_hz: float = 1e4
    susceptibility_std: float = 0.0
    conductivity_std: float = 0.0
    patch_length_m: float = 0.2
    layers: tuple[Layer, ...] = ()

    def __post_init__(self) -> None:
        bounds.at_least(self, 1.0, "relative_permittivity")
        bounds.at_least(
            self, 0.0, "conductivity_s_m", "loss_tangent", "permittivity_std", "roughness_rms_m",
            "susceptibility", "susceptibility_loss", "susceptibility_std", "conductivity_std",
        )  # fmt: skip
        bounds.above(
            self, 0.0, "permittivity_length_m", "roughness_length_m", "susceptibility_hz", "patch_length_m"
        )
        bounds.at_most(self, 10.0, "conductivity_s_m", "patch_length_m", "loss_tangent", "susceptibility")
        bounds.at_most(self, _MOST_PERMITTIVITY, "relative_permittivity")
        bounds.at_most(self, _MOST_UNEVEN, "permittivity_std", "susceptibility_std", "conductivity_std")
        bounds.at_most(self, _HIGHEST_M, "roughness_rms_m")
        tops = [layer.top_m for layer in self.layers]
        if any(low >= high for low, high in itertools.pairwise(tops)):
            msg = f"soil.layers must be listed from the top, each deeper than the last, got tops at {tops} m"
            raise RecipeError(msg)


@dataclass(frozen=True, slots=True)
class Buried:
    """One object in the ground, of the library or of its own kind.

    Attributes
    ----------
    model
        Key of `dualsense.simulate.MODELS`; any name for an object with parts of its own.
    x_m, y_m
        Centre, seen from above.
    depth_m
        Of the top.
    yaw_deg
        Turn about the vertical, counter-clockwise from above.
    scale
        All lengths of the model are multiplied by this.
    body_size_m, body_permittivity
        Of the body, instead of the model's; its size is scaled all the same. Metal parts and cores stay.
    own
        What the object is made of, instead of what the library has by that name.

    Raises
    ------
    RecipeError
        A value out of its range.
    """

    model: str
    x_m: float
    y_m: float
    depth_m: float
    yaw_deg: float = 0.0
    scale: float = 1.0
    body_size_m: Vector | None = None
    body_permittivity: float | None = None
    own: Model | None = None

    def __post_init__(self) -> None:
        bounds.at_least(self, 0.0, "depth_m")
        bounds.above(self, 0.0, "scale")
        bounds.at_most(self, 20.0, "scale")
        for name in ("x_m", "y_m"):
            if not abs(getattr(self, name)) <= FARTHEST_M:
                bounds.refuse(self, name, f"within {FARTHEST_M:g} m of 0")
        if self.body_size_m is not None and min(self.body_size_m) <= 0:
            msg = f"buried.body_size_m must be positive, got {self.body_size_m}"
            raise RecipeError(msg)
        if self.body_permittivity is not None:
            bounds.at_least(self, 1.0, "body_permittivity")


@dataclass(frozen=True, slots=True)
class Scene:
    """All that `dualsense.simulate.simulate_scan` needs beside a seed.

    ``radar`` or ``detector`` may be None: one sensor alone is still a scan. With an ``array`` the head has several
    of each.

    Raises
    ------
    RecipeError
        Neither a radar nor a detector, or a coil or an antenna that would reach the ground.
    """

    scan_id: str = "simulated"
    created: str = "2000-01-01T00:00:00Z"
    site: str | None = None
    soil: Soil = field(default_factory=Soil)
    objects: tuple[Buried, ...] = ()
    motion: Motion = field(default_factory=Motion)
    radar: Radar | None = field(default_factory=Radar)
    detector: Detector | None = field(default_factory=Detector)
    array: Array | None = None
    noise: Noise = field(default_factory=Noise)
    faults: Faults = field(default_factory=Faults)

    def __post_init__(self) -> None:
        if self.radar is None and self.detector is None:
            msg = "a scene needs a radar or a detector, got neither"
            raise RecipeError(msg)
        for part in (self.radar, self.detector):
            for name in ("tx_position_m", "rx_position_m"):
                if part is not None and not self.motion.height_floor_m + getattr(part, name)[2] > 0:
                    bounds.refuse(
                        part, name, f"above the ground at motion.height_floor_m {self.motion.height_floor_m:g}"
                    )
