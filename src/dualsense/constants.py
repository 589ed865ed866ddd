"""The constants of nature that the house computes with, each once. SI units."""

from __future__ import annotations

import math
from typing import Final

C0_M_S: Final = 299_792_458.0
"""Speed of light in vacuum."""

MU0_H_M: Final = 4e-7 * math.pi
"""Permeability of vacuum, by the definition of the ampere before 2019; today's differs by 2e-10."""

EPSILON0_F_M: Final = 8.8541878128e-12
"""Permittivity of vacuum (CODATA 2018)."""
