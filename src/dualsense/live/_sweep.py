"""The state of a sweep: both sensors taken along, whatever becomes of either."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from threadpoolctl import ThreadpoolController

from dualsense.errors import ScanError, one_line
from dualsense.live._candidates import Peaks, candidates
from dualsense.live._metal import Metal
from dualsense.live._radar import Radar
from dualsense.live._stretch import Stretch, Tail, Waiting
from dualsense.live._tiles import Canvas, joint_map, trimmed
from dualsense.live._trace import Trace
from dualsense.result import Grid, Image, Sketch

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from dualsense.recipe import Recipe
    from dualsense.scan import EmiData, GprData, Scan, SensorName

NUMERICAL = (ScanError, ValueError, LookupError, ArithmeticError, np.linalg.LinAlgError)
"""What numbers can do to a sensor; anything else is a fault of the program and goes up."""
NAMES = {"metal": "metal_response", "radar": "radar_contrast"}
SHOWN_BY: dict[str, SensorName] = {"metal": "emi", "radar": "gpr"}
"""What the maps are called, and which sensor's they are."""
logger = logging.getLogger(__name__)

COARSE_M = 0.01
"""Cells need not be finer than this while the sweep goes on."""
LEAST_METAL, METAL_CONTRAST = 6.0, 3.0
"""Standard deviations of the noise, and times the map's usual level, from which metal stands out."""
TRACK_STEP = 6
"""Every so manieth pose is drawn."""


@dataclass(frozen=True, slots=True)
class Work:
    """What a step touched, for it must not grow with what was swept before.

    Attributes
    ----------
    rows, soundings
        New metal rows, and radar soundings that were passed through, those again among them.
    tiles
        Of both maps that were looked at again.
    """

    rows: int = 0
    soundings: int = 0
    tiles: int = 0


class Sweep:
    """What is known while a sweep goes on.

    Parameters
    ----------
    instrument
        Whose head it is, as the scan's header has it, or the profile of its antennas.
    recipe
        Parameters of all steps. Steps that need the whole scan are left out or have a causal stand-in.
    start_s
        Time at which the sweep began, on the recording's clock.

    Attributes
    ----------
    work
        Of the last step.
    """

    def __init__(self, instrument: str, recipe: Recipe, *, start_s: float = 0.0) -> None:
        swept = recipe.survey
        cell_m = max(swept.cell_m, min(2.0 * swept.cell_m, COARSE_M))
        delay_s = recipe.emi.latency.delay_s
        self._start_s, self._cell_m = start_s, cell_m
        self._tail = Tail(swept.smoothing_s)
        self._emi: Waiting[EmiData] = Waiting("emi", swept, 0.0 if delay_s == "auto" else delay_s)
        self._gpr: Waiting[GprData] = Waiting("gpr", swept)
        self._canvas = Canvas(cell_m, ("metal",))
        self._metal = Metal(recipe.emi, swept, self._canvas)
        self._radar = Radar(recipe.gpr, swept, instrument, cell_m)
        self._metal_peaks = Peaks("metal", least=LEAST_METAL, contrast=METAL_CONTRAST)
        self._trace = Trace()
        self._track: list[NDArray[np.float64]] = []
        self._stopped: dict[SensorName, str] = {}
        self._seen: set[SensorName] = set()
        self._blas = ThreadpoolController()
        self.work = Work()

    @classmethod
    def of(cls, scan: Scan, recipe: Recipe, *, start_s: float = 0.0) -> Sweep:
        """Begin the sweep of a scan, with the antennas' profile that it carries where `calibrate` put one.

        Parameters
        ----------
        scan
            Or its beginning.
        recipe, start_s
            As for the class.
        """
        return cls(scan.imported.get("antennas") or scan.header.instrument, recipe, start_s=start_s)

    def take(self, stretch: Stretch) -> None:
        """Take what is new. A sensor that cannot go on stops, and the other one goes on."""
        with self._blas.limit(limits=1, user_api="blas"):  # small matrices: more threads only wait for each other
            self._take(stretch)

    def _take(self, stretch: Stretch) -> None:
        self._tail.extend(stretch.pose)
        self._track.append(stretch.pose.position_m[::TRACK_STEP])
        radar = self._attempt("gpr", stretch, self._take_radar)
        metal = self._attempt("emi", stretch, self._take_metal)
        self.work = Work(metal.rows, radar.soundings, metal.tiles + radar.tiles)

    def sketch(self) -> Sketch:
        """Give what is known now."""
        parts = {}
        for name, canvas in (("metal", self._canvas), ("radar", self._radar.canvas)):
            picture = None if canvas is None else canvas.picture()
            if picture is not None:
                parts[name] = float(picture[0].x_m[0]), float(picture[0].y_m[0]), picture[1][name]
        maps: dict[str, Image] = {}
        covered = dict.fromkeys(("emi", "gpr", "both"), 0.0)
        if parts:
            x_m, y_m, layers = joint_map(parts, self._cell_m)
            x_m, y_m, layers = trimmed(x_m, y_m, layers, self._cell_m)
            ny, nx = next(iter(layers.values())).shape
            along = np.arange(max(nx, ny), dtype=np.float64) * self._cell_m
            grid = Grid(x_m + along[:nx], y_m + along[:ny], self._cell_m)
            maps = {name: Image(NAMES[name], "1", grid, values) for name, values in layers.items()}
            measured = {name: np.isfinite(values) for name, values in layers.items()}
            counts: dict[str, int] = {SHOWN_BY[name]: int(cells.sum()) for name, cells in measured.items()}
            if len(measured) == len(SHOWN_BY):
                counts["both"] = int(np.logical_and(*measured.values()).sum())
            covered |= {name: count * self._cell_m**2 for name, count in counts.items()}
        return Sketch(
            maps.get("metal"),
            maps.get("radar"),
            np.concatenate(self._track) if self._track else np.empty((0, 3)),
            candidates(self._metal_peaks, self._radar.peaks),
            covered,
            self._reasons(),
            self._radar.permittivity,
        )

    def metal_trace(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Give the metal response over the time since the sweep began, both (p,), in pieces."""
        return self._trace.series()

    def _attempt(self, sensor: SensorName, stretch: Stretch, step: Callable[[Stretch], Work]) -> Work:
        if sensor in self._stopped:
            return Work()
        try:
            return step(stretch)
        except NUMERICAL as error:
            logger.warning("%s stopped", sensor, exc_info=error)
            self._stopped[sensor] = f"stopped, the whole scan may still tell: {one_line(str(error))}"
            return Work()

    def _take_metal(self, stretch: Stretch) -> Work:
        ready = self._emi.take(stretch.emi, self._tail.pose)
        if ready is None:
            return Work()
        self._seen.add("emi")
        time_s, size, changed = self._metal.take(*ready)
        self._trace.extend(time_s - self._start_s, size)
        self._metal_peaks.update(self._canvas, changed)
        return Work(rows=time_s.size, tiles=self._metal_peaks.looked)

    def _take_radar(self, stretch: Stretch) -> Work:
        ready = self._gpr.take(stretch.gpr, self._tail.pose)
        if ready is None:
            return Work()
        self._seen.add("gpr")
        self._radar.take(*ready)
        return Work(soundings=self._radar.passed, tiles=self._radar.looked)

    def _reasons(self) -> dict[SensorName, str]:
        """Say why a sensor shows nothing, or nothing more."""
        told: dict[SensorName, str] = {"emi": self._metal.reason, "gpr": self._radar.reason}
        absent: dict[SensorName, str] = {name: "no sample yet" for name in told if name not in self._seen}
        waiting: dict[SensorName, str] = {"emi": self._emi.reason, "gpr": self._gpr.reason}
        dead: dict[SensorName, str] = {name: why for name, why in waiting.items() if why}
        return {name: why for name, why in (told | absent | dead | self._stopped).items() if why}
