"""The composer: what happens to a scan, from top to bottom, and nothing else composes the rooms.

Each sensor's chain may fail without taking the other along: the failure becomes a fault, the ground it
leaves is not assessable, and the rest is processed.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from threadpoolctl import threadpool_limits

from dualsense.chain import provenance
from dualsense.chain.radar import calibrated, ground_echo, image_below
from dualsense.emi import (
    Inversion,
    Prober,
    Response,
    apply_balance,
    bin_along_track,
    coherence_map,
    detection_limit,
    dipole_columns,
    drop_spikes,
    estimate_latency,
    find_dipoles,
    metal_maps,
    normalise,
    phase_hz,
    probe_features,
    refine,
    small_metal_kept,
    soil_suppression_db,
    white_noise,
)
from dualsense.errors import ScanError
from dualsense.fusion import Conditions, load_model, make_targets, match
from dualsense.gpr import Soil, measured_columns
from dualsense.io._schema import MAX_POSE_GAP_S
from dualsense.recipe import Recipe
from dualsense.result import Coverage, Grid, Image, Result, Volume
from dualsense.scan import EmiData, Fault, GprData, Scan, SensorName
from dualsense.survey import (
    NOISE_ONLY,
    Track,
    coverage,
    coverage_fractions,
    grid_around,
    near_ground,
    noise_share,
    track_at,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from dualsense.chain.radar import Radar
    from dualsense.fusion import Candidate
    from dualsense.gpr import Soundings, SurfaceEcho

    Progress = Callable[[str, float], None]
    Real = NDArray[np.float64]

log = logging.getLogger(__name__)

T = TypeVar("T")

NUMERICAL = (ValueError, LookupError, ArithmeticError, np.linalg.LinAlgError)
MIN_EMI_ROWS = 12
MAX_LOST_COLUMNS = 0.01


@dataclass(frozen=True, slots=True, eq=False)
class _Metal:
    response: Response
    inversion: Inversion
    maps: dict[str, Image]
    notes: dict[str, str]

    def limit_m3(self, x_m: float, y_m: float, depth_m: float) -> float:
        """Smallest polarizability that would have been found at a place."""
        found = self.inversion
        return detection_limit(
            self.response,
            found.balance,
            np.array([x_m, y_m, -depth_m]),
            statistic=found.needed_near(x_m, y_m) / self.response.values.shape[1],
            row_weight=found.weight,
        )

    def within(self, candidates: Sequence[Candidate]) -> tuple[Candidate, ...]:
        """Candidates with the metal in each radar body; none where there is no echo or it was not passed over."""
        try:
            prober = Prober(self.response, self.inversion)
        except NUMERICAL:
            log.warning("metal in bodies not asked for", exc_info=True)
            return tuple(candidates)
        return tuple(replace(c, within=self._within(prober, c)) for c in candidates)

    def _within(self, prober: Prober, candidate: Candidate) -> dict[str, float]:
        own = [n for n, d in enumerate(self.inversion.dipoles) if any(d is c for c in candidate.dipoles)]
        body = candidate.body or candidate.weak
        try:
            probe = None if body is None else prober.at(body.x_m, body.y_m, body.depth_m, without=own)
        except NUMERICAL:
            log.warning("metal in a body not asked for", exc_info=True)
            return {}
        here = self.response.channel_hz, self.response.imaginary
        return {} if probe is None else probe_features(probe, channel_hz=here[0], imaginary=here[1])


def process_scan(scan: Scan, recipe: Recipe | None = None, *, progress: Progress | None = None) -> Result:
    """Turn a scan into images and targets.

    Parameters
    ----------
    scan
        From :func:`dualsense.io.read_scan`, an importer or the simulator.
    recipe
        Parameters of every step; None takes the defaults.
    progress
        Called with the name of the step that begins and the part done, 0-1.

    Returns
    -------
    Result
        Also when nothing was found, and when one sensor is missing or failed.

    Raises
    ------
    ScanError
        When neither sensor leaves anything to process.
    """
    with threadpool_limits(limits=1, user_api="blas"):
        return _process(scan, recipe or Recipe(), progress or (lambda _name, _part: None))


def _process(scan: Scan, recipe: Recipe, tell: Progress) -> Result:
    """Compose the chain. One thread for the matrices, which are small: same bits whatever the machine's cores."""
    faults = list(scan.faults)

    tell("survey", 0.0)
    head = track_at(scan.pose, scan.pose.time_s, smoothing_s=recipe.survey.smoothing_s)
    soundings = _attempt("gpr", faults, lambda: _soundings(scan, recipe, faults))
    notes: dict[str, str] = {}
    response = _attempt("emi", faults, lambda: _response(scan, recipe, faults, notes))
    if soundings is None and response is None:
        causes = "; ".join(f.message for f in faults if f.severity == "failed") or "it holds neither sensor"
        msg = f"{scan.header.scan_id}: no sensor can be processed: {causes}"
        raise ScanError(msg)
    grid, cover = _cover(head, soundings, response, recipe)

    tell("metal", 0.05)
    metal = None if response is None else _attempt("emi", faults, lambda: _metal(response, grid, cover, recipe))
    tell("radar", 0.35)
    radar = None
    if soundings is not None:
        radar = _attempt(
            "gpr",
            faults,
            lambda: image_below(soundings, _echo(scan, recipe, faults), grid, cover, recipe, faults, tell),
        )
    if metal is None and radar is None:
        causes = "; ".join(f.message for f in faults if f.severity == "failed")
        msg = f"{scan.header.scan_id}: no sensor can be processed: {causes}"
        raise ScanError(msg)
    cover = _only_working(cover, emi=metal is not None, gpr=radar is not None)
    if radar is not None:
        cover = _only_measured(cover, radar.volume, faults)

    tell("fusion", 0.9)
    model = load_model(recipe.fusion.model)
    soil = Soil(recipe.gpr.soil.prior_permittivity, float("nan"), "prior") if radar is None else radar.soil
    candidates = match(
        () if radar is None else radar.bodies,
        () if metal is None else metal.inversion.dipoles,
        match_m=recipe.fusion.match_m,
    )
    if radar is not None:
        candidates = tuple(c if c.body is not None else _with_echo(c, radar) for c in candidates)
    if metal is not None:
        candidates = metal.within(candidates)
    targets = make_targets(
        candidates,
        Conditions(
            cover,
            soil.relative_permittivity,
            soil.relative_permittivity_std,
            metal=metal,
            radar=radar,
            track_trusted=radar is None or radar.heights_agree,
        ),
        model,
        prior=recipe.fusion.prior,
        suspect_threshold=recipe.fusion.suspect_threshold,
    )
    area_m2, sensor_coverage, both = coverage_fractions(cover)
    suspect_threshold, stated_detection = provenance.suspect_limits(recipe, model)
    tell("done", 1.0)
    return Result(
        header=scan.header,
        scan_sha256=scan.sha256,
        recipe_sha256=recipe.sha256,
        model=model.id,
        area_m2=area_m2,
        coverage_fraction=both,
        sensor_coverage=sensor_coverage,
        coverage=cover,
        track_m=_broken_track(head),
        targets=targets,
        emi_maps={} if metal is None else metal.maps,
        gpr_volume=None if radar is None else radar.volume,
        relative_permittivity=float("nan") if radar is None else radar.soil.relative_permittivity,
        relative_permittivity_std=float("nan") if radar is None else radar.soil.relative_permittivity_std,
        faults=tuple(faults),
        provenance=provenance.collect(scan, recipe, model)
        | ({} if radar is None else dict(radar.notes))
        | ({} if metal is None else notes | metal.notes),
        radargram=None if radar is None else radar.radargram,
        suspect_threshold=suspect_threshold,
        stated_detection=stated_detection,
    )


def _soundings(scan: Scan, recipe: Recipe, faults: list[Fault]) -> Soundings | None:
    if scan.gpr is None:
        _note_absent("gpr", faults)
        return None
    track = _track(scan, scan.gpr, recipe, "gpr", faults)
    return calibrated(scan.gpr, track, recipe, faults)


def _echo(scan: Scan, recipe: Recipe, faults: list[Fault]) -> SurfaceEcho | None:
    if scan.gpr is None:
        return None
    track = _track(scan, scan.gpr, recipe, "gpr", [])
    return ground_echo(scan.gpr, track, scan.header.instrument, recipe, faults)


def _response(scan: Scan, recipe: Recipe, faults: list[Fault], notes: dict[str, str]) -> Response | None:
    if scan.emi is None:
        _note_absent("emi", faults)
        return None
    emi = _on_time(scan, scan.emi, recipe, faults, notes)
    track = _track(scan, emi, recipe, "emi", faults)
    response = normalise(emi, track)
    if response.time_s.size < MIN_EMI_ROWS or response.values.shape[1] == 0:
        message = (
            f"{response.time_s.size} usable metal samples with a position, at least {MIN_EMI_ROWS} are needed"
        )
        faults.append(Fault("emi", "failed", "/emi/data", message))
        return None
    response, spikes = drop_spikes(response, white_noise(response))
    if spikes:
        faults.append(Fault("emi", "info", "/emi/data", f"{spikes} single samples stick out and are left out"))
    if noise_share(response.values, response.coil) > NOISE_ONLY:
        message = "the metal detector recorded nothing but noise: neither drift, ground nor metal"
        faults.append(Fault("emi", "failed", "/emi/data", message))
        return None
    return response


def _on_time(scan: Scan, emi: EmiData, recipe: Recipe, faults: list[Fault], notes: dict[str, str]) -> EmiData:
    """Stamp the samples with when they were taken, if the recipe tells their lag or the scan tells it well."""
    delay = recipe.emi.latency.delay_s
    if delay == "auto":
        response = normalise(emi, _track(scan, emi, recipe, "emi", []))
        if response.time_s.size < MIN_EMI_ROWS or response.values.shape[1] == 0:
            return emi
        noise = white_noise(response)
        response, _ = drop_spikes(response, noise)
        try:
            found = estimate_latency(response, noise, max_s=recipe.emi.latency.max_s)
        except (ValueError, ArithmeticError, np.linalg.LinAlgError) as error:
            log.warning("latency not estimated", exc_info=error)
            return emi
        notes |= {"emi_latency_s": f"{found.delay_s:.4f}", "emi_latency_std_s": f"{found.std_s:.4f}"}
        if not found.significant(sigmas=recipe.emi.latency.sigmas):
            return emi
        delay = found.delay_s
        way_cm = 1e2 * abs(delay) * found.speed_m_s
        message = (
            f"the metal samples are stamped {1e3 * abs(delay):.0f} ± {1e3 * found.std_s:.0f} ms too "
            f"{'late' if delay > 0.0 else 'early'}, {way_cm:.1f} cm of the way: corrected"
        )
        faults.append(Fault("emi", "info", "/emi/time", message))
    notes["emi_latency_corrected_s"] = f"{delay:.4f}"
    return replace(emi, time_s=emi.time_s - delay)


def _track(scan: Scan, data: GprData | EmiData, recipe: Recipe, sensor: SensorName, faults: list[Fault]) -> Track:
    """Track of the head at a sensor's samples; covered where the sensor was close above the ground."""
    track = track_at(scan.pose, data.time_s, smoothing_s=recipe.survey.smoothing_s)
    center = 0.5 * (data.tx_position_m + data.rx_position_m)
    near = near_ground(track, center, data.channel, max_height_m=recipe.survey.max_height_m)
    lost = int((track.covered & ~near.covered).sum())
    if lost:
        name = "metal" if sensor == "emi" else "radar"
        message = (
            f"{lost} of {lost + int(near.covered.sum())} {name} samples were taken below the ground's surface or "
            f"more than {recipe.survey.max_height_m} m above it; they do not count"
        )
        faults.append(Fault("pose", "degraded", "/pose/position", message))
    return near


def _note_absent(sensor: SensorName, faults: list[Fault]) -> None:
    """Say that a sensor is missing, unless the reader has already said that it failed."""
    if any(f.sensor == sensor and f.severity == "failed" for f in faults):
        return
    name = "metal detector" if sensor == "emi" else "radar"
    faults.append(Fault(sensor, "failed", f"/{sensor}", f"the scan holds no {name} data"))


def _cover(
    head: Track, soundings: Soundings | None, response: Response | None, recipe: Recipe
) -> tuple[Grid, Coverage]:
    emi_m = None if response is None else response.center_m
    gpr_m = None if soundings is None else soundings.midpoint_m
    parts = [p for p in (head.position_m, emi_m, gpr_m) if p is not None]
    grid = grid_around(np.concatenate(parts), cell_m=recipe.survey.cell_m, margin_m=recipe.survey.margin_m)
    cover = coverage(
        grid,
        head_m=head.position_m,
        emi_m=emi_m,
        gpr_m=gpr_m,
        emi_reach_m=recipe.survey.emi_reach_m,
        gpr_reach_m=recipe.survey.gpr_reach_m,
    )
    return grid, cover


def _metal(response: Response, grid: Grid, cover: Coverage, recipe: Recipe) -> _Metal:
    noise = white_noise(response)
    rows = bin_along_track(response, **recipe.emi.calibrate.model_dump())
    noise = noise / np.sqrt(np.median(rows.count))
    inversion = find_dipoles(rows, noise, **recipe.emi.invert.model_dump())
    inversion, located = _refined(rows, inversion, recipe)
    objects = [dipole_columns(rows, d.position_m) for d in inversion.dipoles]
    rest = apply_balance(rows, inversion.balance, objects=np.concatenate(objects, axis=1) if objects else None)
    weight = inversion.weight
    smoothing = recipe.emi.image.model_dump()
    maps = metal_maps(rows, rest, grid, cover.emi, balance=inversion.balance, row_weight=weight, **smoothing)
    maps["metal_coherence"] = coherence_map(rows, rest, grid, cover.emi, row_weight=weight)
    kept = small_metal_kept(rows, inversion.balance)
    notes = {f"emi_{name}_kept_fraction": f"{part:.3f}" for name, part in kept.items()}
    notes |= located
    notes["emi_soil_suppression_db"] = f"{soil_suppression_db(inversion.balance, rest):.1f}"
    if "metal_phase" in maps:
        notes["emi_phase_hz"] = f"{phase_hz(rows):g}"
    return _Metal(rows, inversion, maps, notes)


def _refined(rows: Response, found: Inversion, recipe: Recipe) -> tuple[Inversion, dict[str, str]]:
    """Dipoles located one by one; should that break, they stay as they were found."""
    how = recipe.emi.locate.model_dump()
    if not how.pop("on") or not found.dipoles:
        return found, {}
    try:
        refined = refine(rows, found, roughness_m=recipe.emi.invert.roughness_m, **how)
    except NUMERICAL as error:
        log.warning("dipoles not located", exc_info=error)
        return found, {"emi_located": f"0 of {len(found.dipoles)}"}
    done = sum(d.estimate is not None for d in refined.dipoles)
    return refined, {"emi_located": f"{done} of {len(refined.dipoles)}"}


def _attempt(sensor: SensorName, faults: list[Fault], chain: Callable[[], T]) -> T | None:
    """Run one sensor's chain; a numerical failure becomes a fault of that sensor."""
    try:
        return chain()
    except (ScanError, MemoryError, *NUMERICAL) as error:
        log.warning("%s chain failed", sensor, exc_info=error)
        message = f"processing failed: {' '.join(str(error).split())}"
        faults.append(Fault(sensor, "failed", f"/{sensor}", message))
        return None


def _with_echo(candidate: Candidate, radar: Radar) -> Candidate:
    """Give metal without a body what the radar hears there."""
    x, y = candidate.dipoles[0].position_m[:2].tolist()
    try:
        return replace(candidate, weak=radar.echo_near(x, y))
    except NUMERICAL:
        log.warning("echo beside metal not measured", exc_info=True)
        return candidate


def _only_working(cover: Coverage, *, emi: bool, gpr: bool) -> Coverage:
    return Coverage(cover.grid, cover.patch, emi=cover.emi & emi, gpr=cover.gpr & gpr)


def _only_measured(cover: Coverage, volume: Volume, faults: list[Fault]) -> Coverage:
    """Coverage of the radar without the ground below which most of its volume is empty."""
    gpr = cover.gpr & measured_columns(volume)
    lost = 1.0 - gpr.sum() / max(cover.gpr.sum(), 1)
    if lost > MAX_LOST_COLUMNS:
        message = f"under {lost:.0%} of the ground that the radar swept its volume is mostly empty: not covered"
        faults.append(Fault("gpr", "degraded", "/gpr", message))
    return Coverage(cover.grid, cover.patch, emi=cover.emi, gpr=gpr)


def _broken_track(head: Track) -> NDArray[np.float64]:
    """Track of the head with a row of NaN where the pose has a gap."""
    gaps = np.flatnonzero(np.diff(head.time_s) > MAX_POSE_GAP_S) + 1
    track: NDArray[np.float64] = np.insert(head.position_m, gaps, np.nan, axis=0)
    return track
