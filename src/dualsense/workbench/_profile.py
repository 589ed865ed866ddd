"""Profiles of instruments as JSON, and scans put right by them."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from dualsense.errors import UsageError, one_line

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from dualsense.scan import EmiData, GprData, Scan
    from dualsense.workbench._instrument import MetalShot, RadarShots

MAX_BYTES = 2**22
LEAST_GAIN, MOST_GAIN = 1e-18, 1e18
"""From counts to V/A and beyond; what is outside would leave numbers that no step can square."""
PHRASE = "By `dualsense calibrate`"


def instrument_profile(
    name: str,
    *,
    radar: RadarShots | None = None,
    metal: MetalShot | None = None,
    made: Mapping[str, str] | None = None,
) -> str:
    """Give what was found of an instrument as a profile.

    Parameters
    ----------
    name
        Of the instrument, as its scans have it.
    radar, metal
        What was found; one at least.
    made
        Hashes of the recordings by what they are.

    Returns
    -------
    str
        JSON of the kind "plate" of ``calibration/instruments``, with tables ``radar`` and ``emi``.

    Raises
    ------
    UsageError
        Nothing was found.
    """
    if radar is None and metal is None:
        msg = "a profile needs a shot into free air, or a sphere"
        raise UsageError(msg)
    tree: dict[str, Any] = {"id": "-".join(name.lower().split()), "instruments": [name]}
    tree["about"] = "Measured: free air, metal plate and sphere as told below; one standard deviation with each."
    tree["made"] = f"{PHRASE} from " + ", ".join(f"{what} {sha}" for what, sha in sorted((made or {}).items()))
    if radar is not None and radar.ratio is not None and radar.plate is not None:
        tree["kind"] = "plate"
        tree["plate"] = {
            "height_m": radar.plate.height_m,
            "frequency_hz": _list(radar.frequency_hz),
            **_parts("ratio", radar.ratio),
            "ratio_std": _list(radar.ratio_std),
        }
    if radar is not None:
        tree["radar"] = {
            "modality": radar.modality,
            "frequency_hz" if radar.modality == "sfcw" else "sample_time_s": _list(radar.axis),
            **_parts("reference", radar.reference),
            "reference_std": _list(radar.reference_std),
            "system_delay_s": radar.system_delay_s,
            "system_delay_std_s": radar.system_delay_std_s,
        }
    if metal is not None:
        tree["emi"] = {
            "modality": metal.modality,
            "frequency_hz" if metal.modality == "frequency" else "gate_time_s": _list(metal.axis),
            **_parts("gain", metal.gain),
            "gain_std": _list(metal.gain_std),
            "sphere_radius_m": metal.sphere.radius_m,
            "sphere_conductivity_s_m": metal.sphere.conductivity_s_m,
            "sphere_relative_permeability": metal.sphere.relative_permeability,
        }
    return json.dumps(tree, indent=1, allow_nan=False) + "\n"


def profile_text(radar: RadarShots | None, metal: MetalShot | None) -> str:
    """Say in lines what was found of an instrument, with the errors.

    Parameters
    ----------
    radar, metal
        What was found; None for what was not looked for.

    Returns
    -------
    str
    """
    lines = []
    if radar is not None:
        level = float(np.sqrt(np.mean(np.abs(radar.reference) ** 2)))
        error = float(np.sqrt(np.nanmean(radar.reference_std**2))) / level
        lines.append(f"radar: reference of {radar.reference.size} values, known to {100.0 * error:.2g} %")
    if radar is not None and radar.system_delay_s is not None and radar.system_delay_std_s is not None:
        told = 1e12 * radar.system_delay_s, 1e12 * radar.system_delay_std_s
        lines.append(f"radar: system delay {told[0]:.1f} ± {told[1]:.1f} ps")
    if metal is not None:
        columns = (
            [f"{f:.0f} Hz" for f in metal.axis]
            if metal.modality == "frequency"
            else [f"{1e6 * a:.0f}-{1e6 * b:.0f} µs" for a, b in metal.axis]
        )
        for channel, (gains, errors) in enumerate(zip(metal.gain, metal.gain_std, strict=True)):
            for column, gain, error in zip(columns, gains, errors, strict=True):
                phase = f", {np.degrees(np.angle(gain)):+.2f} ± {np.degrees(error / abs(gain)):.2f}°"
                lines.append(
                    f"metal: channel {channel}, {column}: gain {abs(gain):.5g} ± {error:.2g}"
                    + (phase if np.iscomplexobj(gains) else "")
                )
    return "\n".join(lines)


def read_instrument_profile(path: Path) -> dict[str, Any]:
    """Read a profile.

    Parameters
    ----------
    path
        As `instrument_profile` writes it.

    Returns
    -------
    dict

    Raises
    ------
    UsageError
        It cannot be read, or is none.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            msg = f"{path.name}: found {path.stat().st_size} bytes, expected a profile of at most {MAX_BYTES}"
            raise UsageError(msg)
        tree = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        msg = f"{path.name}: cannot be read as a profile: {one_line(str(error))}"
        raise UsageError(msg) from None
    if not isinstance(tree, dict) or not {"radar", "emi"} & tree.keys() or not _names(tree):
        msg = f"{path.name}: not a profile that `calibrate` made: found no instruments with radar or emi"
        raise UsageError(msg)
    return tree


def _names(tree: Mapping[str, Any]) -> bool:
    """Whether a profile names instruments, as a list of texts."""
    names = tree.get("instruments")
    return isinstance(names, list) and bool(names) and all(isinstance(name, str) for name in names)


def calibrated_scan(scan: Scan, profile: Mapping[str, Any]) -> Scan:
    """Put a scan right by a profile of its instrument.

    Parameters
    ----------
    scan
        Of the instrument that the profile names.
    profile
        From `read_instrument_profile`.

    Returns
    -------
    Scan
        With the radar's reference in free air and system delay, and the metal detector in V/A; ``imported`` tells
        the profile, and the chain finds the antennas in it.

    Raises
    ------
    UsageError
        The scan is of another instrument, has been calibrated, or its axes are not the profile's.
    """
    if "profile_sha256" in scan.imported:
        msg = "the scan has been calibrated by a profile already"
        raise UsageError(msg)
    names = [str(name) for name in profile["instruments"]]
    if scan.header.instrument.strip().casefold() not in {name.strip().casefold() for name in names}:
        msg = f"the scan is of {scan.header.instrument!r}, the profile of {', '.join(names)}"
        raise UsageError(msg)
    told = json.dumps(profile, sort_keys=True)
    imported = {**scan.imported, "profile_sha256": hashlib.sha256(told.encode()).hexdigest()}
    try:
        gpr = scan.gpr if scan.gpr is None or "radar" not in profile else _radar(scan.gpr, profile["radar"])
        emi = scan.emi if scan.emi is None or "emi" not in profile else _metal(scan.emi, profile["emi"])
        if profile.get("kind") == "plate" and scan.gpr is not None:
            kept = {key: profile[key] for key in ("id", "kind", "instruments")}
            plate = {
                key: profile["plate"][key] for key in ("height_m", "frequency_hz", "ratio_real", "ratio_imag")
            }
            imported["antennas"] = json.dumps(kept | {"plate": plate}, separators=(",", ":"))
    except (KeyError, TypeError, ValueError) as error:
        msg = f"the profile is not as `calibrate` makes it: {one_line(str(error))}"
        raise UsageError(msg) from None
    return replace(scan, gpr=gpr, emi=emi, imported=imported)


def _radar(gpr: GprData, table: Mapping[str, Any]) -> GprData:
    axis = gpr.sample_time_s if gpr.frequency_hz is None else gpr.frequency_hz
    found = np.asarray(table["sample_time_s" if gpr.frequency_hz is None else "frequency_hz"], np.float64)
    _alike("radar", gpr.modality, str(table["modality"]), np.asarray(axis), found)
    reference = _joined(table, "reference")
    if reference.shape != found.shape or not np.isfinite(reference).all() or not reference.any():
        msg = f"radar: the profile's reference has shape {reference.shape}, expected {found.shape} numbers"
        raise UsageError(msg)
    delay_s = table["system_delay_s"]
    if delay_s is None and gpr.reference is not None:
        return gpr  # its own reference and delay belong together, and the profile knows no delay
    return replace(
        gpr,
        reference=reference.astype(gpr.data.dtype),
        system_delay_s=gpr.system_delay_s if delay_s is None else float(delay_s),
    )


def _metal(emi: EmiData, table: Mapping[str, Any]) -> EmiData:
    axis = emi.gate_time_s if emi.frequency_hz is None else emi.frequency_hz
    found = np.asarray(table["gate_time_s" if emi.frequency_hz is None else "frequency_hz"], np.float64)
    _alike("emi", emi.modality, str(table["modality"]), np.asarray(axis), found)
    gain = _joined(table, "gain")
    if gain.shape != (len(emi.tx_radius_m), emi.data.shape[1]) or not (np.isfinite(gain).all() and gain.all()):
        msg = f"emi: the profile has gains of shape {gain.shape}, the scan {len(emi.tx_radius_m)} channels"
        raise UsageError(msg)
    sizes = np.abs(gain)
    if sizes.min() < LEAST_GAIN or sizes.max() > MOST_GAIN:
        msg = (
            f"emi: the profile has gains of {sizes.min():.3g} to {sizes.max():.3g},"
            f" expected {LEAST_GAIN:g} to {MOST_GAIN:g}"
        )
        raise UsageError(msg)
    return replace(emi, data=emi.data / gain[emi.channel])


def _alike(name: str, modality: str, other: str, axis: Any, found: Any) -> None:
    if modality != other or axis.shape != found.shape or not np.allclose(axis, found, rtol=1e-9, atol=0.0):
        msg = f"{name}: the profile is of {other} data on another axis than the scan's {modality} data"
        raise UsageError(msg)


def _parts(name: str, values: Any) -> dict[str, Any]:
    array = np.asarray(values)
    if not np.iscomplexobj(array):
        return {f"{name}_real": _list(array)}
    return {f"{name}_real": _list(array.real), f"{name}_imag": _list(array.imag)}


def _joined(table: Mapping[str, Any], name: str) -> Any:
    real = np.asarray(table[f"{name}_real"], np.float64)
    imag = table.get(f"{name}_imag")
    return real if imag is None else real + 1j * np.asarray(imag, np.float64)


def _list(values: Any) -> Any:
    """Give numbers as JSON has them; what is not known is null."""
    return [
        _list(one) if np.ndim(one) else (float(one) if np.isfinite(one) else None) for one in np.asarray(values)
    ]
