"""Images drawn for a notebook: cells lie where the ground lies."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.figure import Figure

from dualsense.errors import UsageError
from dualsense.result import Grid, Image, Radargram, Volume
from dualsense.workbench import plot_map, plot_radargram, plot_section, plot_slice

GRID = Grid(np.array([0.0, 0.1, 0.2]), np.array([1.0, 1.1]), 0.1)
VOLUME = Volume("echo", "1", GRID, np.array([0.0, 0.05, 0.10]), np.arange(18, dtype=np.float32).reshape(3, 2, 3))


@pytest.fixture
def ax():
    return Figure().subplots()


def test_a_map_is_drawn_to_the_edges_of_its_cells_over_grey(ax):
    image = Image("metal", "m3", GRID, np.array([[1.0, np.nan, 2.0], [3.0, 4.0, 5.0]], np.float32))
    assert plot_map(image, ax=ax, cmap="gray") is ax
    (shown,) = ax.images
    np.testing.assert_allclose(shown.get_extent(), (-0.05, 0.25, 0.95, 1.15))
    assert shown.origin == "lower"
    assert shown.get_array().mask.sum() == 1
    assert ax.get_facecolor()[:3] == pytest.approx(mpl.colors.to_rgb("0.75"))


def test_slices_and_sections_are_the_nearest_and_depth_goes_down(ax):
    plot_slice(VOLUME, 0.06, ax=ax)
    np.testing.assert_array_equal(ax.images[0].get_array(), VOLUME.values[1])
    section = plot_section(VOLUME, y_m=1.08, ax=Figure().subplots())
    np.testing.assert_array_equal(section.images[0].get_array(), VOLUME.values[:, 1, :])
    np.testing.assert_allclose(section.images[0].get_extent(), (-0.05, 0.25, 0.125, -0.025))
    across = plot_section(VOLUME, x_m=0.0, ax=Figure().subplots())
    np.testing.assert_array_equal(across.images[0].get_array(), VOLUME.values[:, :, 0])
    for wrong in ({}, {"x_m": 0.0, "y_m": 1.0}, {"x_m": 3.0}):
        with pytest.raises(UsageError, match="x_m"):
            plot_section(VOLUME, ax=ax, **wrong)
    with pytest.raises(UsageError, match=r"depth_m: got 3, expected 0.000 to 0.100"):
        plot_slice(VOLUME, 3.0, ax=ax)


def test_a_line_is_drawn_over_its_way(ax):
    way = np.column_stack([[0.0, 0.3, 0.3], [0.0, 0.4, 0.9], [0.1, 0.1, 0.1]])
    line = Radargram("amplitude", "1", 1e-9 * np.arange(4), way, np.zeros((3, 4), np.float32))
    plot_radargram(line, ax=ax)
    np.testing.assert_allclose(ax.images[0].get_extent(), (0.0, 1.0, 3.0, 0.0))
