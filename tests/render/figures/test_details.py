"""The picture beside the metal map: there where its maps are, each with its own scale, grey where none is told."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from dualsense.render._figures import style
from dualsense.render._figures.details import has_details, metal_details_figure
from dualsense.render._figures.figures import render_figures
from dualsense.result import Image


def detailed(result, *, phase: bool = True):
    metal = result.emi_maps["metal_response"]
    known = np.where(np.isfinite(metal.values), 0.5, np.nan).astype(np.float32)
    maps = {"metal_coherence": ("1", known), "metal_response_std": ("1", 3.0 * known)}
    if phase:
        half = known.copy()
        half[: half.shape[0] // 2] = np.nan
        maps["metal_phase"] = ("rad", -2.0 * half)
    images = {name: Image(name, units, metal.grid, values) for name, (units, values) in maps.items()}
    return dataclasses.replace(result, emi_maps={**result.emi_maps, **images})


@pytest.mark.parametrize("phase", (True, False))
def test_every_map_has_its_panel_and_its_own_scale(full_result, phase):
    sheet = metal_details_figure(detailed(full_result, phase=phase), style.View())
    limits = [(panel.cells[0].scale.low, panel.cells[0].scale.high) for panel in sheet.maps]
    wanted = [(0.0, 1.0), (-np.pi, 0.0), (0.0, 1.5)] if phase else [(0.0, 1.0), (0.0, 1.5)]
    assert limits == [pytest.approx(pair) for pair in wanted]
    words = " ".join(text.text for text in sheet.texts)
    assert len(sheet.bars) == len(sheet.maps)
    assert all(target.id in words for target in full_result.targets)


def test_it_is_drawn_only_where_there_is_something_to_draw(full_result):
    assert not has_details(full_result)
    assert "emi_details.png" not in render_figures(full_result)
    assert render_figures(detailed(full_result))["emi_details.png"].startswith(b"\x89PNG")


def test_maps_without_any_value_are_drawn_all_the_same(full_result):
    result = detailed(full_result)
    empty = {n: dataclasses.replace(i, values=np.full_like(i.values, np.nan)) for n, i in result.emi_maps.items()}
    sheet = metal_details_figure(dataclasses.replace(result, emi_maps=empty), style.View())
    assert len(sheet.maps) == 3
    assert all(np.isnan(panel.cells[0].values).all() for panel in sheet.maps)
    assert sheet.png_bytes().startswith(b"\x89PNG")
