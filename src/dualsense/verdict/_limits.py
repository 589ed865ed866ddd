"""Limits of a survey, in one table that a file may change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from dualsense.errors import RecipeError
from dualsense.runtime.toml import TomlError, read_toml

if TYPE_CHECKING:
    from pathlib import Path

Grade = Literal["green", "amber", "red"]
GRADES: tuple[Grade, ...] = ("green", "amber", "red")


class Limit(BaseModel):
    """From where on a mark is amber, and from where on red.

    Attributes
    ----------
    amber, red
        Where red is the larger, a mark may be too large; else it may be too small.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    amber: float = Field(ge=0.0)
    red: float = Field(ge=0.0)

    @model_validator(mode="after")
    def _apart(self) -> Limit:
        if self.amber == self.red:
            msg = "amber and red are the same: nobody could tell whether more or less is worse"
            raise ValueError(msg)
        return self

    @property
    def ascending(self) -> bool:
        """Whether large marks are the bad ones."""
        return self.red > self.amber

    def grade(self, value: float) -> Grade:
        """Grade a mark; one that is not known is red: nobody has seen that it is good."""
        sign = 1.0 if self.ascending else -1.0
        if not sign * value <= sign * self.red:
            return "red"
        return "amber" if sign * value > sign * self.amber else "green"


COVERAGE = ("emi_coverage", "gpr_coverage")
"""What may be too small; all else may be too large."""


class Limits(BaseModel):
    """All limits; one that is None is measured and grades nothing.

    Attributes
    ----------
    line_spacing_m
        Twice the way from the ground to the nearest pass of a sensor, of the worst hundredth of the ground that
        its passes span, and of the worse sensor.
    height_m, speed_m_s, tilt_deg
        Exceeded on a twentieth of the way: height of the higher sensor, speed and tilt of the head. Tilt is asked
        for only where the tracker tells it.
    tracking_gap_s
        Longest time without a pose.
    emi_coverage, gpr_coverage
        Part of the patch that each sensor covered, after all that is not believed was taken away.
    sounding_spacing
        Way between a radar channel's soundings over half of the shortest wave in the soil, on the middle.
    not_believed
        Part of the time that the checks of the recording took away from any sensor, or from the track.
    emi_noise, emi_drift, gpr_noise
        In the file's units: an instrument's own profile has to say what is usual.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    line_spacing_m: Limit | None = Limit(amber=0.05, red=0.08)
    height_m: Limit | None = Limit(amber=0.08, red=0.12)
    speed_m_s: Limit | None = Limit(amber=0.5, red=0.8)
    tilt_deg: Limit | None = Limit(amber=10.0, red=20.0)
    tracking_gap_s: Limit | None = Limit(amber=0.2, red=0.5)
    emi_coverage: Limit | None = Limit(amber=0.98, red=0.90)
    gpr_coverage: Limit | None = Limit(amber=0.98, red=0.90)
    sounding_spacing: Limit | None = Limit(amber=1.0, red=2.0)
    not_believed: Limit | None = Limit(amber=0.0, red=0.02)
    emi_noise: Limit | None = None
    emi_drift: Limit | None = None
    gpr_noise: Limit | None = None

    @field_validator("*", mode="after")
    @classmethod
    def _the_right_way_round(cls, limit: Limit | None, info: ValidationInfo) -> Limit | None:
        if limit is not None and limit.ascending == (info.field_name in COVERAGE):
            worse = "less" if info.field_name in COVERAGE else "more"
            msg = f"amber {limit.amber:g} and red {limit.red:g} are the wrong way round: {worse} is worse"
            raise ValueError(msg)
        return limit


def read_limits(file: Path) -> Limits:
    """Read limits from a TOML file: a table for each that differs, such as ``[height_m]`` with ``amber``, ``red``.

    Raises
    ------
    RecipeError
        The file cannot be read, or a limit is not one: the message names the file, the key and the cause.
    """
    try:
        given = read_toml(file)
    except TomlError as error:
        msg = f"{file}: {error}"
        raise RecipeError(msg) from error
    try:
        return Limits.model_validate(given)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"]) or "limits"
        msg = f"{file}: {key}: {first['msg']}"
        raise RecipeError(msg) from error
