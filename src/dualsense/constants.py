"""What several rooms compute with, each once: constants of nature, and where metal lies in a mine. SI units."""

from __future__ import annotations

import math
from typing import Final

C0_M_S: Final = 299_792_458.0
"""Speed of light in vacuum."""

MU0_H_M: Final = 4e-7 * math.pi
"""Permeability of vacuum, by the definition of the ampere before 2019; today's differs by 2e-10."""

EPSILON0_F_M: Final = 8.8541878128e-12
"""Permittivity of vacuum (CODATA 2018)."""

METAL_BELOW_TOP_M: Final = 0.02
"""Depth below a body's top about which its metal is expected, 4 cm more or less: where metal and bodies are
matched, and where little metal would have had to be found for its absence to count."""

PROBE_BELOW_TOP_M: Final = 0.015
"""Depth below a body's top at which metal is probed: between a fragment's middle and a detonator. The confidence
model was fitted to amounts at this depth; at 2 cm confidences move by up to 0.15, and one call."""

MINE_TOPS_M: Final = (0.02, 0.05, 0.10, 0.15)
"""Depths of the tops of mines for which it is told whether they would have been found."""

HIDDEN_M3: Final = 5e-7
"""Polarizability of a ball of 9 mm, about a striker with its spring: where the metal detector would not have found
as much 5 cm deep, it has not looked."""
