"""Profiles of radar heads: what is known of their antennas, so that the ground's echo can be weighed.

A profile is a JSON file in ``calibration/instruments/``; a scan finds its own by the name of its instrument. Two
kinds: short dipoles, whose fields are known exactly, and heads that have been held over a metal plate.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

import numpy as np

from dualsense.constants import C0_M_S
from dualsense.gpr._soil.halfspace import direct_field, mirrored_field, reflected_field

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Real = NDArray[np.float64]
    Complex = NDArray[np.complex128]

Kind = Literal["dipoles", "mirrored-dipoles", "plate"]


@dataclass(frozen=True, slots=True, eq=False)
class Antennas:
    """A pair of antennas.

    Attributes
    ----------
    id
        Of the profile.
    kind
        "dipoles": short, parallel, horizontal dipoles over a half-space, near field and all.
        "mirrored-dipoles": the same with the ground's echo as the mirrored dipole times Fresnel's coefficient, as
        simple simulators have it.
        "plate": the head's echo over a metal plate has been measured, relative to its direct coupling.
    instruments
        Names under which scans know it.
    along
        Cosine of the angle between dipoles and baseline.
    response_std
        How well the frequency response of the whole radar is known, relative: to be that of a current fed into the
        dipoles, -i f times a constant, apart from a delay. None where it is not known. Per modality.
    frequency_hz, ratio, height_m
        Of a "plate": echo over coupling (k,) at its frequencies, and the height of the antennas above the plate.
    """

    id: str
    kind: Kind
    instruments: tuple[str, ...]
    along: float = 0.0
    response_std: dict[str, float | None] | None = None
    frequency_hz: Real | None = None
    ratio: Complex | None = None
    height_m: float | None = None

    def known_response(self, modality: str) -> float | None:
        """``response_std`` for stepped tones ("sfcw") or impulses ("impulse")."""
        return (self.response_std or {}).get(modality)


def fields(
    antennas: Antennas, frequency_hz: Real, height_m: Real, permittivity: Complex, *, distance_m: float
) -> tuple[Complex, Complex]:
    """Direct wave (k,) and ground echo (e, k, h) in the same units, whatever these are.

    Parameters
    ----------
    frequency_hz : (k,)
    height_m : (h,)
    permittivity : (e, k)
        Relative, complex.
    distance_m
        Between the antennas.
    """
    if antennas.kind == "plate":
        return _plate_fields(antennas, frequency_hz, height_m, permittivity, distance_m)
    echo = reflected_field if antennas.kind == "dipoles" else mirrored_field
    direct = direct_field(frequency_hz, distance_m, along=antennas.along)
    return direct, echo(frequency_hz, height_m, permittivity, distance_m=distance_m, along=antennas.along)


def _plate_fields(
    antennas: Antennas, frequency_hz: Real, height_m: Real, permittivity: Complex, distance_m: float
) -> tuple[Complex, Complex]:
    """Take what a plate returned, weakened by Fresnel's coefficient and by the longer or shorter path."""
    if antennas.frequency_hz is None or antennas.ratio is None or antennas.height_m is None:
        msg = f"{antennas.id}: a plate profile needs frequency_hz, ratio and height_m"
        raise ValueError(msg)
    k = 2.0 * np.pi * frequency_hz / C0_M_S
    at_plate = float(np.hypot(distance_m, 2.0 * antennas.height_m))
    without_path = antennas.ratio * np.exp(2j * np.pi * antennas.frequency_hz * at_plate / C0_M_S)
    ratio = np.interp(frequency_hz, antennas.frequency_hz, without_path)
    path = np.hypot(distance_m, 2.0 * height_m)
    cos = 2.0 * height_m / path
    inside = np.sqrt(permittivity[:, :, None] - 1.0 + cos**2)
    fresnel = (cos - inside) / (cos + inside)
    echo = -fresnel * ratio[:, None] * (at_plate / path) * np.exp(-1j * k[:, None] * path)
    return np.ones(frequency_hz.size, np.complex128), echo


def _folder() -> Path:
    here = Path(__file__).resolve()
    packaged = here.parents[2] / "_calibration"
    return (packaged if packaged.is_dir() else here.parents[4] / "calibration") / "instruments"


@cache
def known_antennas() -> tuple[Antennas, ...]:
    """Every profile that comes with the program, by id.

    Returns
    -------
    tuple of Antennas

    Raises
    ------
    ValueError
        A profile's file is not valid, as from :func:`read_profile`.
    """
    return tuple(read_profile(path) for path in sorted(_folder().glob("*.json")))


def find_antennas(instrument: str) -> Antennas | None:
    """Find the profile of an instrument, None when there is none; upper and lower case are the same.

    Parameters
    ----------
    instrument
        Name as a scan has it, or a profile itself as JSON, as a calibrated scan carries it.

    Returns
    -------
    Antennas or None
    """
    if instrument.startswith("{"):
        return _carried(instrument)
    name = instrument.strip().casefold()
    return next((a for a in known_antennas() if name in {i.casefold() for i in a.instruments}), None)


@cache
def _carried(text: str) -> Antennas | None:
    """Read a profile that a scan carries; None where it is none, as for an instrument that is not known."""
    try:
        return _antennas(json.loads(text))
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError):
        return None


def read_profile(path: Path) -> Antennas:
    """Read one profile.

    Parameters
    ----------
    path
        A JSON file.

    Returns
    -------
    Antennas

    Raises
    ------
    ValueError
        Naming the file and what is wrong with it.
    """
    try:
        return _antennas(json.loads(path.read_text(encoding="utf-8")))
    except (KeyError, TypeError, ValueError) as error:
        msg = f"{path.name}: not an instrument profile: {error}"
        raise ValueError(msg) from error


def _antennas(tree: dict[str, Any]) -> Antennas:
    kind = tree["kind"]
    if kind not in {"dipoles", "mirrored-dipoles", "plate"}:
        msg = f"kind must be dipoles, mirrored-dipoles or plate, got {kind!r}"
        raise ValueError(msg)
    plate: dict[str, Any] = {}
    if kind == "plate":
        table = tree["plate"]
        plate = {
            "frequency_hz": np.asarray(table["frequency_hz"], np.float64),
            "ratio": np.asarray(table["ratio_real"], np.float64) + 1j * np.asarray(table["ratio_imag"]),
            "height_m": float(table["height_m"]),
        }
        if plate["frequency_hz"].shape != plate["ratio"].shape or (np.diff(plate["frequency_hz"]) <= 0).any():
            msg = "plate needs one ratio per frequency, and frequencies that increase"
            raise ValueError(msg)
    return Antennas(
        id=str(tree["id"]),
        kind=cast("Kind", kind),
        instruments=tuple(str(name) for name in tree["instruments"]),
        along=float(tree.get("along", 0.0)),
        response_std={
            str(name): None if std is None else float(std) for name, std in tree.get("response_std", {}).items()
        },
        **plate,
    )
