"""The radar of a sweep that goes on: its soundings, ground and soil learnt now and then, and the map they make."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING

import numpy as np

from dualsense import gpr, survey
from dualsense.live._candidates import Peaks
from dualsense.live._ground_echo import GroundEcho, learn_ground
from dualsense.live._imaging import Passage
from dualsense.live._spectra import Spectra
from dualsense.live._stretch import SENSOR_FIELDS, joined
from dualsense.live._volume import Volume
from dualsense.survey import Track

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualsense.gpr import Soundings
    from dualsense.live._tiles import Canvas
    from dualsense.recipe.gpr import Gpr
    from dualsense.recipe.survey import Survey
    from dualsense.scan import GprData

    Real = NDArray[np.float64]

FIRST = 48
"""Soundings that are heard before direct wave and ground are told apart."""
LAST = 2000
"""With more soundings nothing is learnt anew."""
SAMPLE = 192
"""Soundings from which is learnt, spread over all so far."""
MOVED, CHANGED = 0.05, 0.25
"""Change of permittivity and of the ground's echo, as parts, from which all soundings are passed through again."""
AGAIN = (3, 16)
"""Soundings that are passed through again in a step: so many for each new one, and so many more."""
DEPTH_STEP_M = 0.01
"""At least; deep in the ground waves are longer than twice that."""
SOUNDING_FIELDS = ("time_s", "spectrum", "tx_m", "rx_m", "channel", "position_std_m", "boresight")
TRACK_FIELDS = tuple(field.name for field in fields(Track))


class Radar:
    """What the radar has told so far.

    When 48, 96, 192 ... soundings have been heard, the ground's echo and the soil are learnt anew from a bounded
    sample. Should they have changed, all soundings go through a second `Passage`, a bounded number in each step,
    and once it has caught up it takes the place of the first.

    Parameters
    ----------
    tables, swept
        Of the recipe.
    instrument
        Whose head it is.
    cell_m
        Side of a cell of the map.

    Attributes
    ----------
    reason
        Why nothing is shown yet; empty once something is.
    passed, looked
        How many soundings the last step passed through, those again among them, and tiles it looked at again.
    """

    def __init__(self, tables: Gpr, swept: Survey, instrument: str, cell_m: float) -> None:
        self._tables, self._swept, self._instrument, self._cell_m = tables, swept, instrument, cell_m
        self._spectra = Spectra(tables)
        self._none = Peaks("radar", least=tables.image.min_contrast, contrast=1.0)
        self._early: tuple[GprData, Track] | None = None
        self._parts: list[tuple[Soundings, Soundings]] = []
        self._count, self._learn_at = 0, FIRST
        self._shown: Passage | None = None
        self._coming: Passage | None = None
        self._cursor = 0
        self.reason = "too few radar soundings yet"
        self.passed, self.looked = 0, 0

    @property
    def peaks(self) -> Peaks:
        """What stands out of the map; none before there is one."""
        return self._none if self._shown is None else self._shown.peaks

    @property
    def canvas(self) -> Canvas | None:
        """The map, with the layers "radar" and "depth"; None before there is one."""
        return None if self._shown is None else self._shown.canvas

    @property
    def permittivity(self) -> float:
        """Relative permittivity of the uppermost soil, as used; NaN before it is."""
        ground = float("nan") if self._shown is None else self._shown.ground
        return ground.relative_permittivity[0] if isinstance(ground, gpr.Layers) else float(ground)

    def take(self, data: GprData, track: Track) -> None:
        """Take soundings, and bring the map up to date."""
        self.passed, self.looked = 0, 0
        if not self._parts:
            if self._early is not None:
                data = joined([self._early[0], data], SENSOR_FIELDS)
                track = joined([self._early[1], track], TRACK_FIELDS)
            self._early = data, track
            if int(track.covered.sum()) < FIRST:
                return
        whole, bare = self._spectra.take(data, track)
        if not self._parts and not self._sound(whole):
            return
        self._early = None
        self._keep(whole, bare)
        if self._shown is None:
            self._shown = self._new_passage()
            self._learn_at = 2 * self._count
            self._pass(self._shown, [part for part, _ in self._parts])
            return
        self._pass(self._shown, [whole])
        if self._learn_at <= self._count <= LAST:
            self._learn_at *= 2
            self._learn_again(self._shown)
        self._catch_up(whole.time_s.size)

    def _pass(self, passage: Passage, parts: list[Soundings]) -> None:
        """Pass soundings through."""
        soundings, before = joined(parts, SOUNDING_FIELDS), passage.looked
        if soundings.time_s.size:
            passage.add(soundings)
            self.passed += soundings.time_s.size
            self.looked += passage.looked - before

    def _sound(self, whole: Soundings) -> bool:
        """Tell whether the first soundings suffice and are more than noise."""
        if whole.time_s.size < FIRST:
            return False
        if survey.noise_share(whole.spectrum, whole.channel) > survey.NOISE_ONLY:
            self.reason = "the radar hears nothing but noise"
            return False
        self.reason = ""
        return True

    def _keep(self, whole: Soundings, bare: Soundings) -> None:
        """Keep soundings for as long as something may still be learnt from them."""
        if self._count <= LAST or self._coming is not None:
            self._parts.append((whole, bare))
        elif len(self._parts) > 1:
            self._parts = self._parts[-1:]
        self._count += whole.time_s.size

    def _learn_again(self, shown: Passage) -> None:
        """Begin a new passage, should ground or soil be others than was believed."""
        new = self._new_passage()
        same = [new.grounds[c].differs(shown.grounds[c]) < CHANGED for c in shown.grounds if c in new.grounds]
        stays = abs(np.log(_top(new) / _top(shown))) < MOVED
        if not (stays and all(same) and len(same) == len(new.grounds)):
            self._coming, self._cursor = new, 0

    def _catch_up(self, new: int) -> None:
        """Pass a bounded number of soundings through again; what has caught up is shown from now on."""
        coming = self._coming
        if coming is None:
            return
        quota, parts = AGAIN[0] * new + AGAIN[1], []
        while quota > 0 and self._cursor < len(self._parts):
            parts.append(self._parts[self._cursor][0])
            quota -= parts[-1].time_s.size
            self._cursor += 1
        if parts:
            self._pass(coming, parts)
        if self._cursor == len(self._parts):
            self._shown, self._coming = coming, None

    def _new_passage(self) -> Passage:
        """Learn ground echo and soil from a sample of the soundings so far."""
        whole, bare = self._sampled(0), self._sampled(1)
        grounds: dict[int, GroundEcho] = {}
        for channel in np.unique(whole.channel).tolist():
            grounds[channel] = learn_ground(gpr.pick_rows(whole, whole.channel == channel), self._tables.surface)
        ground = self._soil(bare)
        heights = np.concatenate([whole.tx_m[:, 2], whole.rx_m[:, 2]])
        apart = (whole.rx_m - whole.tx_m)[:, :2]
        tables = self._tables.migrate
        step_m = max(tables.depth_step_m, min(DEPTH_STEP_M, tables.depth_stop_m))
        volume = Volume(
            tables,
            ground,
            cell_m=self._cell_m,
            depth_m=step_m * np.arange(round(tables.depth_stop_m / step_m) + 1, dtype=np.float64),
            heights_m=(float(heights.min()), float(heights.max())),
            half_offset_m=0.5 * float(np.sqrt((apart**2).sum(axis=1)).max()),
            reach_m=self._swept.gpr_reach_m,
        )
        return Passage(self._tables, grounds, ground, volume, self._cell_m)

    def _sampled(self, which: int) -> Soundings:
        """Take at most `SAMPLE` soundings of each channel, evenly over all so far."""
        sizes = np.cumsum([0, *(part[which].time_s.size for part in self._parts)])
        channel = np.concatenate([part[which].channel for part in self._parts])
        rows = [np.flatnonzero(channel == c) for c in np.unique(channel)]
        picked = np.sort(
            np.concatenate([r[np.linspace(0, r.size - 1, min(r.size, SAMPLE)).astype(int)] for r in rows])
        )
        held = np.searchsorted(sizes, picked, side="right") - 1
        parts = [
            gpr.pick_rows(self._parts[k][which], picked[held == k] - sizes[k]) for k in np.unique(held).tolist()
        ]
        return joined(parts, SOUNDING_FIELDS)

    def _soil(self, bare: Soundings) -> gpr.Ground:
        """Join the ground's echo and the prior; what the focus of small bodies tells waits for the whole scan."""
        wanted = self._tables.soil
        given = wanted.relative_permittivity
        if given != "auto":
            top = given
        else:
            known = [gpr.LogNormal(float(np.log(wanted.prior_permittivity)), wanted.prior_spread)]
            antennas = gpr.find_antennas(self._instrument) if wanted.surface_echo else None
            echo = antennas and gpr.surface_permittivity(bare, antennas, roughness_m=wanted.roughness_m)
            if echo:
                std = float(np.hypot(echo.permittivity.std, wanted.surface_spread))
                known.append(replace(echo.permittivity, std=std))
            top = max(gpr.join_permittivities(known).permittivity, 1.0)
        if not wanted.deeper_layers:
            return top
        tops, deeper = zip((0.0, top), *wanted.deeper_layers, strict=True)
        return gpr.Layers(tops, deeper)


def _top(passage: Passage) -> float:
    ground = passage.ground
    return ground.relative_permittivity[0] if isinstance(ground, gpr.Layers) else ground
