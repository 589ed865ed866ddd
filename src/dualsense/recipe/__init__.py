"""What to do with a scan: every parameter of the chain, typed, in TOML in and out.

Each table mirrors the keyword arguments of one step, so that who reads one knows the other.
"""

from __future__ import annotations

import hashlib
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, Field, ValidationError, model_validator

from dualsense.errors import RecipeError
from dualsense.recipe.gpr import Gpr
from dualsense.recipe.steps import Length, Table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

MAX_RECIPE_BYTES = 1_000_000


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


class EmiCalibrate(Table):
    """Induction samples to rows."""

    bin_m: Annotated[float, Field(ge=0.0, le=0.2, description="way over which samples are averaged; 0: none")] = (
        0.012
    )


class EmiLatency(Table):
    """Lag of the induction samples behind the track."""

    delay_s: Annotated[
        Literal["auto"] | Annotated[float, Field(ge=-1.0, le=1.0)],
        Field(description='"auto": corrected where passes to and fro tell it, or a number; 0: none'),
    ] = "auto"
    max_s: Annotated[float, Field(ge=0.1, le=1.0, description="auto: longest lag looked for")] = 0.25
    sigmas: Annotated[
        float, Field(ge=1.0, le=100.0, description="auto: corrected from this many standard deviations")
    ] = 4.0


class EmiInvert(Table):
    """Drift, ground balance and dipoles."""

    drift_knot_s: Annotated[float, Field(gt=0.1, le=1e4, description="spacing of the drift spline's knots")] = 5.0
    roughness_m: Annotated[float, Field(ge=0.0, le=0.5, description="spread of the ground's height")] = 0.003
    node_m: Annotated[float, Field(ge=0.005, le=0.2, description="spacing of the scan for dipoles")] = 0.02
    reach_m: Annotated[Length, Field(description="how far a sample sees a dipole")] = 0.3
    max_dipoles: Annotated[int, Field(ge=0, le=200, description="more are not looked for")] = 12
    min_statistic: Annotated[float, Field(gt=0.0, le=1e6, description="drop of the misfit per channel")] = 12.0
    min_contrast: Annotated[float, Field(ge=1.0, le=1e6, description="over the median of the scan")] = 2.6
    min_explained: Annotated[float, Field(gt=0.0, le=1.0, description="or part of the nearby energy")] = 0.25
    dynamic_range_db: Annotated[
        float, Field(gt=0.0, le=200.0, description="weakest beside the strongest dipole")
    ] = 75.0


class EmiLocate(Table):
    """Each dipole located with its uncertainty."""

    on: Annotated[bool, Field(description="false: positions and depths of the joint fit")] = True
    reach_m: Annotated[Length, Field(description="how far to the side samples are used")] = 0.25
    max_misfit: Annotated[float, Field(ge=1.0, le=1e6, description="above it the joint fit is kept")] = 4.0
    max_move_m: Annotated[Length, Field(description="and beyond this way from where it was found")] = 0.08
    pairs: Annotated[bool, Field(description="metal close together may be told as two")] = True


class EmiImage(Table):
    """Metal map."""

    smoothing_m: Annotated[Length, Field(description="standard deviation of the interpolation")] = 0.015


class Emi(Table):
    """The induction chain."""

    latency: EmiLatency = EmiLatency()
    calibrate: EmiCalibrate = EmiCalibrate()
    invert: EmiInvert = EmiInvert()
    locate: EmiLocate = EmiLocate()
    image: EmiImage = EmiImage()


class Fusion(Table):
    """Two sensors to one list."""

    model: Annotated[
        Literal["simulated-2", "uncalibrated-rules-1"], Field(description="confidence model, by its id")
    ] = "simulated-2"
    match_m: Annotated[Length, Field(description="how far a dipole may lie beside a radar body it belongs to")] = (
        0.06
    )
    prior: Annotated[
        float | None, Field(gt=0.0, lt=1.0, description="part of all objects that are mines; unset: the model's")
    ] = None
    suspect_threshold: Annotated[
        float | None,
        Field(gt=0.0, lt=1.0, description="confidence from which a target is suspect; unset: the model's"),
    ] = None


class Recipe(Table):
    """Every parameter of the chain, frozen."""

    survey: Survey = Survey()
    gpr: Gpr = Gpr()
    emi: Emi = Emi()
    fusion: Fusion = Fusion()

    @model_validator(mode="after")
    def _consistent(self) -> Recipe:
        migrate = self.gpr.migrate
        if migrate.depth_stop_m / migrate.depth_step_m > 1000:
            msg = (
                f"gpr.migrate: {migrate.depth_stop_m} m in steps of {migrate.depth_step_m} m are over 1000 slices"
            )
            raise ValueError(msg)
        if self.gpr.gain.on and not self.gpr.radargram.on:
            msg = "gpr.gain: only the radargram is raised, and gpr.radargram.on is false"
            raise ValueError(msg)
        tops = [top for top, _ in self.gpr.soil.deeper_layers]
        if tops != sorted(set(tops)):
            msg = f"gpr.soil.deeper_layers: depths must increase, got {tops}"
            raise ValueError(msg)
        if tops and migrate.method == "stolt":
            msg = "gpr.migrate.method: stolt takes homogeneous soil, and gpr.soil.deeper_layers is given"
            raise ValueError(msg)
        if migrate.on_ground is True and migrate.method == "wavenumber":
            msg = "gpr.migrate.method: wavenumber needs antennas above the ground, and on_ground is true"
            raise ValueError(msg)
        return self

    @property
    def sha256(self) -> str:
        """Of the full TOML text: equal recipes have equal hashes however they were written."""
        return hashlib.sha256(dump_recipe(self).encode()).hexdigest()


def load_recipe(path: Path | str | None = None, overrides: Sequence[str] = ()) -> Recipe:
    """Read a recipe and apply ``key=value`` overrides.

    Parameters
    ----------
    path
        TOML file; None starts from the defaults. Keys that are not given keep their default.
    overrides
        Such as ``"gpr.background.radius_m=0.2"``; the value is TOML, a bare word a string.

    Raises
    ------
    RecipeError
        Naming the file and the key, what it holds and what is allowed.
    """
    name = "recipe" if path is None else Path(path).name
    tree = {} if path is None else _read(Path(path))
    for override in overrides:
        _apply(tree, override)
    try:
        return Recipe.model_validate(tree)
    except ValidationError as error:
        msg = f"{name}: {_explain(error)}"
        raise RecipeError(msg) from None


def _read(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > MAX_RECIPE_BYTES:
            msg = f"{path.name}: not a recipe: {path.stat().st_size} bytes, at most {MAX_RECIPE_BYTES} are read"
            raise RecipeError(msg)
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        msg = f"{path.name}: cannot be read: {error.strerror}"
        raise RecipeError(msg) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        msg = f"{path.name}: not TOML: {' '.join(str(error).split())}"
        raise RecipeError(msg) from None


def _apply(tree: dict[str, Any], override: str) -> None:
    key, equals, text = override.partition("=")
    parts = [part.strip() for part in key.split(".")]
    if not equals or not all(parts):
        msg = f"--set {override}: expected key=value, such as gpr.background.radius_m=0.2"
        raise RecipeError(msg)
    try:
        value = tomllib.loads(f"value = {text.strip()}")["value"]
    except tomllib.TOMLDecodeError:
        value = text.strip()
    table = tree
    for part in parts[:-1]:
        table = table.setdefault(part, {})
        if not isinstance(table, dict):
            msg = f"--set {override}: {part} is a value, not a table"
            raise RecipeError(msg)
    table[parts[-1]] = value


def _explain(error: ValidationError) -> str:
    found = []
    for item in error.errors(include_url=False):
        where = [str(part) for part in item["loc"]]
        while where and (
            where[-1] in {"float", "literal['auto']"} or where[-1].startswith(("constrained", "literal["))
        ):
            where.pop()
        key = ".".join(where) or "recipe"
        text = f"{key}: {item['msg']}"
        if item["type"] == "extra_forbidden":
            text = f"{key}: unknown key{_suggest(where)}"
        elif item["type"] not in {"value_error", "missing"}:
            text += f", got {item['input']!r}"
        if text not in found:
            found.append(text)
    return "; ".join(found)


def _suggest(where: list[str]) -> str:
    import difflib  # noqa: PLC0415

    table: Any = Recipe
    for part in where[:-1]:
        table = table.model_fields[part].annotation
    known = list(table.model_fields)
    close = difflib.get_close_matches(where[-1], known, n=1)
    return f"; did you mean {close[0]}?" if close else f"; known are {', '.join(known)}"


def _lines(table: BaseModel, prefix: str) -> Iterator[str]:
    plain = [(k, v) for k, v in table if not isinstance(v, BaseModel)]
    if plain:
        doc = (type(table).__doc__ or "").strip()
        yield f"[{prefix}]  # {doc}"
        for key, value in plain:
            about = type(table).model_fields[key].description or ""
            if value is None:
                yield f"# {key} =  # {about}"
            else:
                yield f"{key} = {_toml(value)}  # {about}"
        yield ""
    for key, value in table:
        if isinstance(value, BaseModel):
            yield from _lines(value, f"{prefix}.{key}" if prefix else key)


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, tuple):
        return f"[{', '.join(_toml(item) for item in value)}]"
    return repr(value)


def dump_recipe(recipe: Recipe) -> str:
    """Full TOML text of a recipe, every key with a comment; :func:`load_recipe` reads it back unchanged."""
    return "\n".join(_lines(recipe, ""))
