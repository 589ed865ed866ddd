"""A volume that lies in a file is looked at slice by slice, and says what one in memory says."""

from __future__ import annotations

import mmap
import tempfile

import numpy as np
import pytest

from dualsense.render._planes import any_measured, measured_columns, planes, strongest_cell
from dualsense.runtime.memory import lay_aside


@pytest.fixture(params=("in memory", "in a file"))
def volume(request):
    """Noise (4, 30, 50) with a strongest cell twice, a column that was not measured, and an empty slice."""
    values = np.random.default_rng(5).normal(size=(4, 30, 50)).astype(np.float32)
    values[1, 7, 9] = values[3, 2, 2] = 9.0
    values[:, 4, 4] = values[0] = np.nan
    if request.param == "in memory":
        return values
    with tempfile.TemporaryFile() as file:
        file.truncate(values.nbytes)
        held = np.frombuffer(mmap.mmap(file.fileno(), values.nbytes), dtype=np.float32).reshape(values.shape)
    held[...] = values
    lay_aside(held[1:])
    return held


def test_what_is_asked_slice_by_slice_is_that_of_the_whole(volume):
    assert strongest_cell(volume) == np.unravel_index(np.nanargmax(volume), volume.shape) == (1, 7, 9)
    np.testing.assert_array_equal(measured_columns(volume), np.isfinite(volume).any(axis=0))
    np.testing.assert_array_equal(np.stack(list(planes(volume))), volume)
    assert any_measured(volume)
    assert not any_measured(volume[:1])
