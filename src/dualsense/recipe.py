"""What to do with a scan: every parameter of the chain, typed, in TOML in and out.

Each table mirrors the keyword arguments of one step, so that who reads one knows the other.
"""

from __future__ import annotations

import hashlib
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, Field, ValidationError, model_validator

from dualsense._recipe_steps import (
    GprAttitude,
    GprBandpass,
    GprDeclip,
    GprDewow,
    GprFk,
    GprGain,
    GprHeight,
    GprOffset,
    GprRadargram,
    GprResample,
    GprSpiking,
    GprTimeZero,
    GprWhitening,
    GprWiener,
    Length,
    Table,
)
from dualsense.errors import RecipeError

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


class GprCalibrate(Table):
    """Repair, free-air reference and delay of the radar."""

    use_reference: Annotated[bool, Field(description="use /gpr/reference when the file has one")] = True
    reference_mode: Annotated[
        Literal["subtract", "divide", "subtract-divide"], Field(description="what is done with it")
    ] = "subtract"
    reference_floor: Annotated[float, Field(gt=0.0, le=10.0, description="regularisation of the division")] = 0.05
    reference_path_m: Annotated[
        float | None, Field(ge=0.0, le=100.0, description="way of its wave; unset: between the antennas")
    ] = None
    band_floor_db: Annotated[
        float, Field(ge=-80.0, lt=0.0, description="band of impulse data, under its peak")
    ] = -26.0


class GprSurface(Table):
    """Direct coupling, surface echo and stand-off."""

    method: Annotated[
        Literal["auto", "phase", "pick", "pose"],
        Field(description="phase: fit; pick: follow the echo; pose: keep its heights; auto: what applies"),
    ] = "auto"
    iterations: Annotated[
        int, Field(ge=0, le=200, description="phase: Gauss-Newton steps; 0 keeps the pose's height")
    ] = 15
    roughness_m: Annotated[Length, Field(description="spread of the ground's height about the pose's")] = 0.008
    max_step_m: Annotated[Length, Field(description="phase: largest correction of a height in one step")] = 0.004
    search_m: Annotated[Length, Field(description="pick: how far a height may lie from the pose's")] = 0.03


class GprBackground(Table):
    """What soundings have in common."""

    method: Annotated[
        Literal["moving-median", "moving-mean", "median", "mean", "svd", "robust-pca", "reference", "none"],
        Field(description="moving-median, moving-mean, median, mean, svd, robust-pca, reference or none"),
    ] = "moving-median"
    radius_m: Annotated[Length, Field(description="moving: standard deviation of the weights over distance")] = (
        0.12
    )
    rank: Annotated[
        Literal["auto"] | Annotated[int, Field(ge=0, le=100)],
        Field(description='svd: components, or "auto": those that extend over the track'),
    ] = "auto"
    sparse_weight: Annotated[
        float, Field(gt=0.0, le=100.0, description="robust-pca: less leaves more of it in place, and more targets")
    ] = 1.4
    reference_start_s: Annotated[
        float | None, Field(ge=0.0, description="reference: from then, seconds since the start, ...")
    ] = None
    reference_stop_s: Annotated[
        float | None, Field(ge=0.0, description="... until then, the scan holds no target")
    ] = None

    @model_validator(mode="after")
    def _stretch(self) -> GprBackground:
        start_s, stop_s = self.reference_start_s, self.reference_stop_s
        if self.method == "reference" and (start_s is None or stop_s is None or start_s >= stop_s):
            msg = f"reference needs reference_start_s before reference_stop_s, got {start_s} and {stop_s}"
            raise ValueError(msg)
        return self


class GprTraces(Table):
    """From spectra to traces."""

    window_s: Annotated[float, Field(gt=0.0, le=1e-6, description="length of the traces")] = 10e-9
    window: Annotated[
        Literal["kaiser", "hann", "blackman-harris", "tukey", "none"], Field(description="window over the band")
    ] = "kaiser"
    kaiser_beta: Annotated[float, Field(ge=0.0, le=20.0, description="kaiser: more is smoother")] = 5.0
    tukey_fraction: Annotated[float, Field(ge=0.0, le=1.0, description="tukey: part that is tapered")] = 0.5
    whiten: Annotated[bool, Field(description="divide by the surface echo")] = True
    whitening_floor: Annotated[float, Field(gt=0.0, le=10.0, description="regularisation of that division")] = 0.1
    oversampling: Annotated[
        float, Field(ge=4.0, le=100.0, description="zero padding: samples per shortest period")
    ] = 24.0


class GprSoil(Table):
    """Permittivity of the soil."""

    relative_permittivity: Annotated[
        Literal["auto"] | Annotated[float, Field(ge=1.0, le=81.0)],
        Field(description='"auto" (from surface echo, focus and prior), or a number'),
    ] = "auto"
    relative_permittivity_std: Annotated[float, Field(ge=0.0, le=40.0, description="of a given number")] = 0.5
    prior_permittivity: Annotated[float, Field(ge=1.0, le=81.0, description="median over soils, for auto")] = 5.5
    prior_spread: Annotated[float, Field(gt=0.0, le=3.0, description="standard deviation of its logarithm")] = 0.5
    surface_echo: Annotated[
        bool, Field(description="let the ground's echo tell, where the head's antennas are known")
    ] = True
    surface_spread: Annotated[
        float,
        Field(ge=0.0, le=3.0, description="spread of the logarithm between the top centimetres and the rest"),
    ] = 0.05
    roughness_m: Annotated[Length, Field(description="standard deviation of the ground's height")] = 0.005
    deeper_layers: Annotated[
        tuple[tuple[Annotated[float, Field(gt=0.0, le=3.0)], Annotated[float, Field(ge=1.0, le=81.0)]], ...],
        Field(description="below the top soil: depth of the top in m and permittivity of each, downwards"),
    ] = ()
    focus_spread: Annotated[float, Field(gt=0.0, le=3.0, description="the same for the focus")] = 0.25
    coarse_cell_m: Annotated[Length, Field(description="cell of the search for scatterers")] = 0.012


class GprMigrate(Table):
    """Migration to a volume."""

    method: Annotated[
        Literal["kirchhoff", "wavenumber", "stolt", "least-squares"],
        Field(description="kirchhoff, wavenumber (faster, needs finufft), stolt (quick look) or least-squares"),
    ] = "kirchhoff"
    depth_stop_m: Annotated[float, Field(gt=0.01, le=3.0, description="deepest voxel")] = 0.25
    depth_step_m: Annotated[float, Field(ge=0.001, le=0.1, description="spacing of the depth slices")] = 0.005
    aperture_m: Annotated[Length, Field(description="radius of the aperture at the surface")] = 0.10
    aperture_growth: Annotated[float, Field(ge=0.0, le=10.0, description="and its growth per metre of depth")] = (
        0.6
    )
    max_aperture_m: Annotated[Length, Field(description="largest radius of the aperture")] = 0.20
    density_radius_m: Annotated[Length, Field(description="scale of the density compensation")] = 0.015
    loss_db_m: Annotated[float, Field(ge=0.0, le=200.0, description="of the soil one way, for the weights")] = 0.0
    on_ground: Annotated[
        Literal["auto"] | bool,
        Field(description="antennas touch the ground: rays in soil only; auto: when no higher than 2 mm"),
    ] = "auto"
    iterations: Annotated[int, Field(ge=1, le=200, description="of least-squares, at most")] = 8
    damping: Annotated[float, Field(ge=0.0, le=10.0, description="of least-squares, against noise")] = 0.05


class GprImage(Table):
    """Bodies in the volume."""

    min_contrast: Annotated[float, Field(ge=1.0, le=1000.0, description="amplitude over the depth's median")] = 4.5
    top_m: Annotated[float, Field(ge=0.0, le=1.0, description="shallower the rough surface itself scatters")] = (
        0.012
    )
    separation_m: Annotated[Length, Field(description="smallest distance of two bodies")] = 0.05
    max_bodies: Annotated[int, Field(ge=0, le=1000, description="more are not listed")] = 30


class EmiCalibrate(Table):
    """Induction samples to rows."""

    bin_m: Annotated[float, Field(ge=0.0, le=0.2, description="way over which samples are averaged; 0: none")] = (
        0.012
    )


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


class EmiImage(Table):
    """Metal map."""

    smoothing_m: Annotated[Length, Field(description="standard deviation of the interpolation")] = 0.015


class Gpr(Table):
    """The radar chain."""

    declip: GprDeclip = GprDeclip()
    offset: GprOffset = GprOffset()
    dewow: GprDewow = GprDewow()
    time_zero: GprTimeZero = GprTimeZero()
    resample: GprResample = GprResample()
    calibrate: GprCalibrate = GprCalibrate()
    attitude: GprAttitude = GprAttitude()
    bandpass: GprBandpass = GprBandpass()
    spiking: GprSpiking = GprSpiking()
    wiener: GprWiener = GprWiener()
    whitening: GprWhitening = GprWhitening()
    surface: GprSurface = GprSurface()
    height: GprHeight = GprHeight()
    background: GprBackground = GprBackground()
    fk: GprFk = GprFk()
    traces: GprTraces = GprTraces()
    gain: GprGain = GprGain()
    radargram: GprRadargram = GprRadargram()
    soil: GprSoil = GprSoil()
    migrate: GprMigrate = GprMigrate()
    image: GprImage = GprImage()


class Emi(Table):
    """The induction chain."""

    calibrate: EmiCalibrate = EmiCalibrate()
    invert: EmiInvert = EmiInvert()
    image: EmiImage = EmiImage()


class Fusion(Table):
    """Two sensors to one list."""

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
