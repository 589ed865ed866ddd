"""Layers as data: what is accepted, and the way through them."""

from __future__ import annotations

import math

import numpy as np
import pytest

from dualsense.gpr._rays.layers import Layers, as_layers, optical_depth


def test_a_number_is_one_layer():
    assert as_layers(4.0) == Layers((0.0,), (4.0,))
    layers = Layers((0.0, 0.1), (4.0, 9.0))
    assert as_layers(layers) is layers
    np.testing.assert_allclose(layers.index, [2.0, 3.0])


def test_way_through_layers():
    ground = Layers((0.0, 0.1, 0.2), (4.0, 9.0, 16.0))
    np.testing.assert_allclose(optical_depth(ground, np.array([0.0, 0.05, 0.1, 0.3])), [0.0, 0.1, 0.2, 0.9])
    np.testing.assert_allclose(optical_depth(6.25, np.array([0.2])), [0.5])


@pytest.mark.parametrize(
    ("top_m", "permittivity", "words"),
    (
        ((), (), "as many"),
        ((0.0, 0.1), (4.0,), "as many"),
        ((0.1,), (4.0,), "begin with 0"),
        ((0.0, 0.0), (4.0, 5.0), "increase"),
        ((0.0, math.nan), (4.0, 5.0), "increase"),
        ((0.0, 0.1), (4.0, 0.5), "at least 1"),
        ((0.0,), (math.inf,), "got inf"),
    ),
)
def test_what_are_no_layers_is_refused(top_m, permittivity, words):
    with pytest.raises(ValueError, match=words):
        Layers(top_m, permittivity)
