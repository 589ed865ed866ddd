"""The public API: every name is there, and importing the package is cheap."""

from __future__ import annotations

import subprocess
import sys

import pytest

import dualsense


@pytest.mark.parametrize("name", dualsense.__all__)
def test_every_public_name_resolves(name):
    assert getattr(dualsense, name) is not None


def test_the_table_of_homes_is_the_public_api():
    assert set(dualsense._MODULE) | {"__version__"} == set(dualsense.__all__)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="nothing_like_this"):
        _ = dualsense.nothing_like_this


def test_importing_the_package_loads_nothing_heavy():
    code = "import dualsense, sys; print({'numpy', 'h5py', 'numba', 'matplotlib'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "set()"
