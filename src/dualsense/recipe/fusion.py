"""Recipe table of the fusion of both sensors."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from dualsense.recipe.base import Length, Table


class Fusion(Table):
    """Two sensors to one list."""

    model: Annotated[
        Literal["simulated-5", "simulated-3", "uncalibrated-rules-1"],
        Field(description="confidence model, by its id"),
    ] = "simulated-5"
    match_m: Annotated[Length, Field(description="how far a dipole may lie beside a radar body it belongs to")] = (
        0.06
    )
    prior: Annotated[
        float | None,
        Field(
            gt=0.0, lt=1.0, description="part of all objects that are mines; unset: the model's; changes no call"
        ),
    ] = None
    suspect_threshold: Annotated[
        float | None,
        Field(gt=0.0, lt=1.0, description="confidence from which a target is suspect; unset: the model's"),
    ] = None
    i_know: Annotated[
        bool, Field(description="true: suspect_threshold may be above the model's; every output is marked")
    ] = False
