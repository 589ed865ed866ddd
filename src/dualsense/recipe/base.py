"""What every table of the recipe is: frozen, strict about keys and numbers, with ranges in SI units."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Length = Annotated[float, Field(gt=0.0, le=10.0)]
Seconds = Annotated[float, Field(gt=0.0, le=1e-6)]
Moment = Annotated[float | None, Field(ge=-1e-5, le=1e-5)]
Hertz = Annotated[float, Field(ge=0.0, le=100e9)]


class Table(BaseModel):
    """Frozen, and strict about keys and numbers."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Step(Table):
    """A step that is off by default."""

    on: Annotated[bool, Field(description="whether this step happens")] = False
