"""The scan format: every path, attribute, unit and shape of the HDF5 file, once.

Shapes are told by their axes: p poses, n radar soundings, m induction soundings, k tones, gates or samples,
c channels of an array head, t buried objects.
"""

from __future__ import annotations

from dataclasses import dataclass

FORMAT = "dualsense-scan"
FORMAT_VERSION = "1.0"
MAJOR_VERSIONS = (1,)
"""Major versions that the reader accepts; a higher minor version only adds what may be ignored."""

CHANGELOG = {
    "1.0": "First version: pose, stepped-frequency or impulse radar, induction over frequencies or gates, truth.",
}

MAX_POSE_GAP_S = 0.5
"""A longer gap between two poses, or a longer way past either end of the track, is not covered."""
MAX_ELEMENTS = 2**27
"""A dataset that declares more numbers is refused before any memory is taken; 1 m2 needs 2**20."""
MAX_SMALL_ELEMENTS = 2**16
"""The same for attributes and for the columns of the truth."""
MAX_SCENE_VALUES = 2**17
"""The same for all that the truth keeps beside its columns; what is beyond that is not read."""
MAX_TEXT_BYTES = 2**20
"""The same for one text."""


@dataclass(frozen=True, slots=True)
class Field:
    """One dataset of the format.

    Attributes
    ----------
    path
        Where it is in the file.
    units
        The only unit in which it may be written; "" where the instrument is free to choose.
    shape
        Axes by the letters of this module.
    default_units
        What the writer states where ``units`` leaves the choice.
    """

    path: str
    units: str
    shape: str
    default_units: str = "1"

    @property
    def written_units(self) -> str:
        """Units that the writer states."""
        return self.units or self.default_units

    @property
    def expected(self) -> str:
        """What a message says was expected."""
        unit = f" in {self.units}" if self.units not in {"", "1"} else ""
        return f"numbers of shape {self.shape}{unit}"


# Attributes of the root
FORMAT_ATTR = "format"
FORMAT_VERSION_ATTR = "format_version"
SCAN_ID = "scan_id"
CREATED = "created"
INSTRUMENT = "instrument"
SITE = "site"
OPERATOR = "operator"
NOTES = "notes"
SOURCE = "source"
ORIGIN_WGS84 = "origin_wgs84"
SOURCES = ("recorded", "simulated")

# Attribute of every dataset, and of integer radar data
UNITS = "units"
SCALE = "scale"
OFFSET = "offset"

# Attributes of the sensors
MODALITY = "modality"
TX_POSITION = "tx_position"
RX_POSITION = "rx_position"
SYSTEM_DELAY = "system_delay"
POLARISATION = "polarisation"
TX_RADIUS = "tx_radius"
RX_RADIUS = "rx_radius"
TX_TURNS = "tx_turns"
RX_TURNS = "rx_turns"
GPR_MODALITIES = ("sfcw", "impulse")
EMI_MODALITIES = ("frequency", "pulse")

ROOT = "/"
POSE = "/pose"
POSE_TIME = Field("/pose/time", "s", "(p,)")
POSE_POSITION = Field("/pose/position", "m", "(p, 3)")
POSE_ORIENTATION = Field("/pose/orientation", "1", "(p, 4)")
POSE_POSITION_STD = Field("/pose/position_std", "m", "(3,) or (p, 3)")

GPR = "/gpr"
GPR_TIME = Field("/gpr/time", "s", "(n,)")
GPR_FREQUENCY = Field("/gpr/frequency", "Hz", "(k,)")
GPR_SAMPLE_TIME = Field("/gpr/sample_time", "s", "(k,)")
GPR_DATA = Field("/gpr/data", "", "(n, k)")
GPR_CHANNEL = Field("/gpr/channel", "1", "(n,)")
GPR_REFERENCE = Field("/gpr/reference", "", "(k,)")

EMI = "/emi"
EMI_TIME = Field("/emi/time", "s", "(m,)")
EMI_FREQUENCY = Field("/emi/frequency", "Hz", "(k,)")
EMI_GATE_TIME = Field("/emi/gate_time", "s", "(k, 2)")
EMI_DATA = Field("/emi/data", "", "(m, k)", default_units="V/A")
EMI_CHANNEL = Field("/emi/channel", "1", "(m,)")

IMPORT = "/import"
"""How a foreign file was read: texts as attributes."""

TRUTH = "/truth"
TRUTH_TARGETS = "/truth/targets"
TRUTH_NUMBERS = {
    name: Field(f"{TRUTH_TARGETS}/{name}", "m", "(t,)")
    for name in ("x", "y", "depth", "size_x", "size_y", "size_z")
}
TRUTH_TEXTS = {name: Field(f"{TRUTH_TARGETS}/{name}", "1", "(t,)") for name in ("label", "model")}

UNIT_SPELLINGS = {
    "s": frozenset({"s", "sec", "second", "seconds"}),
    "m": frozenset({"m", "metre", "metres", "meter", "meters"}),
    "Hz": frozenset({"Hz", "hz", "hertz", "Hertz", "1/s", "s^-1"}),
    "1": frozenset({"1", "", "-", "none", "dimensionless"}),
}
"""What other writers call the units of the format. Anything else, such as "ns" or "mm", is refused."""
