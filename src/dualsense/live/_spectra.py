"""Radar soundings of a sweep as spectra, all over the same tones, whatever single stretches lack."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from dualsense import gpr
from dualsense.recipe import radar_steps

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualsense.gpr import Soundings
    from dualsense.recipe.gpr import Gpr
    from dualsense.scan import GprData
    from dualsense.survey import Track

SINGLE = ("offset", "dewow", "attitude", "bandpass")
"""Optional steps that treat each sounding for itself; the others wait for the whole scan."""


class Spectra:
    """Calibration of soundings as they come; the first stretch tells which tones there are.

    Parameters
    ----------
    tables
        Of the recipe.
    """

    def __init__(self, tables: Gpr) -> None:
        self._tables = tables
        self._axis: NDArray[np.float64] | None = None

    def take(self, data: GprData, track: Track) -> tuple[Soundings, Soundings]:
        """Calibrate a stretch: as the recipe has it, and bare, without the free-air reference."""
        data = self._optional(data, "samples")
        if self._axis is None:
            whole, _ = gpr.calibrate(data, track, **self._tables.calibrate.model_dump())
            self._axis = whole.frequency_hz
        if data.frequency_hz is None:
            data = as_tones(data, self._axis)
        whole, _ = gpr.calibrate(data, track, **self._tables.calibrate.model_dump())
        bare = whole
        if data.reference is not None:
            bare, _ = gpr.calibrate(data, track, use_reference=False)
        return self._optional(on_tones(whole, self._axis), "soundings"), on_tones(bare, self._axis)

    def _optional(self, data: Any, kind: str) -> Any:
        for step in radar_steps(self._tables):
            table = getattr(self._tables, step.name)
            if step.facts.data == kind and step.name in SINGLE and table.on:
                data = getattr(gpr, step.facts.function)(data, **table.model_dump(exclude={"on"}))
        return data


def as_tones(data: GprData, frequency_hz: NDArray[np.float64]) -> GprData:
    """Transform impulse traces to given frequencies; a trace that lacks a sample is lost."""
    time_s = np.asarray(data.sample_time_s)
    step_s = float(np.median(np.diff(time_s)))
    kernel = np.exp(-2j * np.pi * frequency_hz * time_s[:, None]) * step_s

    def transformed(traces: NDArray[Any]) -> NDArray[np.complex128]:
        wide = traces.astype(np.float64)
        spectra: NDArray[np.complex128] = (wide - wide.mean(axis=-1, keepdims=True)) @ kernel
        return spectra

    reference = None if data.reference is None else transformed(data.reference)
    tones = replace(data, modality="sfcw", frequency_hz=frequency_hz, sample_time_s=None)
    return replace(tones, data=transformed(data.data), reference=reference)


def on_tones(soundings: Soundings, frequency_hz: NDArray[np.float64]) -> Soundings:
    """Bring spectra to given tones, in a straight line where they have others."""
    held = soundings.frequency_hz
    if held.size == frequency_hz.size and bool((held == frequency_hz).all()):
        return soundings
    rows = [np.interp(frequency_hz, held, row) for row in soundings.spectrum]
    spectrum = np.array(rows, np.complex128).reshape(len(rows), frequency_hz.size)
    return replace(soundings, frequency_hz=frequency_hz, spectrum=spectrum)
