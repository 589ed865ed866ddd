"""Recipe table of the survey: tracks, map, coverage."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from dualsense.recipe.base import Length, Table


class Survey(Table):
    """Where samples were taken and what they cover."""

    cell_m: Annotated[float, Field(ge=0.001, le=0.05, description="side of a map cell and of a voxel")] = 0.005
    margin_m: Annotated[float, Field(ge=0.0, le=1.0, description="how far the map goes beyond the track")] = 0.03
    smoothing_s: Annotated[
        float, Field(ge=0.0, le=2.0, description="half-width of the track smoothing; 0: none")
    ] = 0.1
    emi_reach_m: Annotated[Length, Field(description="how far to the side a metal detector sample covers")] = 0.05
    gpr_reach_m: Annotated[Length, Field(description="how far to the side a radar sounding covers")] = 0.03
    max_height_m: Annotated[Length, Field(description="highest antenna or coil that measures the ground")] = 0.3
