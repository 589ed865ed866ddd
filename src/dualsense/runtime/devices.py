"""Where large sums are made: on the processor, or on a graphics card by CuPy where that is asked for.

It is a property of the machine and of a run, and no key of the recipe: equal recipes have equal hashes wherever
they are carried out. A card rounds otherwise than the processor does, so that results are alike within rounding
and not in their bytes; the provenance says which it was.
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import Any, Literal

from dualsense.errors import UsageError

VARIABLE = "DUALSENSE_DEVICE"
Device = Literal["cpu", "gpu"]


def chosen_device() -> Device:
    """Read the environment: "cpu" where nothing is said.

    Raises
    ------
    UsageError
        It is neither "cpu" nor "gpu".
    """
    asked = os.environ.get(VARIABLE, "").strip().lower() or "cpu"
    if asked == "cpu":
        return "cpu"
    if asked == "gpu":
        return "gpu"
    msg = f"{VARIABLE} must be cpu or gpu, got {asked}"
    raise UsageError(msg)


def array_module() -> Any:
    """Give the module of arrays on the chosen device: CuPy, or None where the compiled loops do the work.

    Raises
    ------
    UsageError
        A card is asked for, and CuPy or the card is not there.
    """
    if chosen_device() == "cpu":
        return None
    try:
        module = import_module("cupy")
        count = module.cuda.runtime.getDeviceCount()
    except Exception as error:
        msg = f"{VARIABLE}=gpu needs CuPy and a card that it finds: pip install 'dualsense[gpu]' ({error})"
        raise UsageError(msg) from error
    if count < 1:
        msg = f"{VARIABLE}=gpu: CuPy finds no card"
        raise UsageError(msg)
    return module
