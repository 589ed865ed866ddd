"""The simulator's radar against gprMax, sounding by sounding over the same ground.

``python benchmarks/simulate/study_gprmax.py --gprmax-command "…/python -m gprMax" [--json FILE] [--models DIR]``:
gprMax 4, a separate program, is run once in free air and once per case, at 5 cm over soil of permittivity 4
between 0.8 and 2.4 GHz. Without a command there is nothing to compare.

- direct wave and flat surface: relative error of gprMax's tones against the closed forms that our engine uses;
- bodies at 4 cm: their echo is the tones with them less the tones without, in both engines; delay of gprMax's less
  ours (peak of the cross-correlation of the traces), gprMax's over ours by the peak of the envelope and by the
  energy of the whole echo, ringing and all, and how far the traces correlate;
- ground: the same for what roughness and unevenness add to the flat surface, of one realisation in both;
  and a layer of permittivity 8 from 5 cm down.
"""

from __future__ import annotations

import argparse
import json
import shlex
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from dualsense.simulate import Buried, GprmaxEngine, Layer, Radar, Soil, ground_echo, realise_ground
from dualsense.simulate._gprmax import engine as gprmax
from dualsense.simulate._gprmax.plan import plan_runs

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Tones = NDArray[Any]

RADAR = Radar(start_hz=0.8e9, stop_hz=2.4e9, step_hz=40e6)
FLAT = Soil(relative_permittivity=4.0, conductivity_s_m=0.01, permittivity_std=0.0, roughness_rms_m=0.0)
TX_M, RX_M = np.array([[-0.0495, 0.0, 0.05]]), np.array([[0.0495, 0.0, 0.05]])
DEPTH_M = 0.04
GROUNDS = {
    "rough": replace(FLAT, roughness_rms_m=0.005),
    "uneven": replace(FLAT, permittivity_std=0.08),
    "layer": replace(FLAT, layers=(Layer(0.05, 8.0, 0.02),)),
    "both": replace(FLAT, roughness_rms_m=0.005, permittivity_std=0.08),
}
BODIES = ("PMA-3", "PMN", "TS-50", "M14", "stone", "void", "root", "can", "fragment", "nail")
TURNED = {"can": 90.0, "fragment": 90.0, "nail": 90.0}
"""Along the dipoles."""
STEP_S = 2e-12
TIME_S = np.arange(0.0, 8e-9, 1e-11)


def frequencies() -> Tones:
    count = round((RADAR.stop_hz - RADAR.start_hz) / RADAR.step_hz) + 1
    return RADAR.start_hz + RADAR.step_hz * np.arange(count)


def tones(
    soil: Soil, objects: tuple[Buried, ...], engine: GprmaxEngine, folder: Path
) -> tuple[Tones, Tones, gprmax.Fields]:
    """Echo (k,) by gprMax and by our engine, and all that gprMax gave."""
    ground = realise_ground(soil, low_m=(-0.6, -0.6), high_m=(0.6, 0.6), rng=np.random.default_rng(1))
    frequency = frequencies()
    folder.mkdir(parents=True, exist_ok=True)
    plan = plan_runs(objects, ground, RADAR, TX_M, RX_M, engine)
    found = gprmax.run_all(plan, (objects, ground), folder, frequency, engine)
    own = ground_echo(objects, ground, TX_M, RX_M, frequency)
    return found.echo[0], own[0], found


def compared(full: Tones, own: Tones) -> dict[str, float]:
    """Delay, level and likeness of two echoes, as traces under a Hann window over the band."""
    window = np.hanning(len(full) + 2)[1:-1]
    full, own = full * window, own * window
    lag = STEP_S * np.arange(-500, 501)
    correlation = np.real((full * own.conj()) @ np.exp(2j * np.pi * np.outer(frequencies(), lag)))
    best = int(correlation.argmax())
    size = np.linalg.norm(full), np.linalg.norm(own)
    trace = np.exp(2j * np.pi * np.outer(TIME_S, frequencies()))
    peak = np.abs(trace @ full).max(), np.abs(trace @ own).max()
    return {
        "peak_db": float(20 * np.log10(peak[0] / peak[1])),
        "delay_ns": float(lag[best] * 1e9),
        "energy_db": float(20 * np.log10(size[0] / size[1])),
        "likeness": float(correlation[best] / (size[0] * size[1])),
    }


def study(names: list[str], engine: GprmaxEngine, models: Path) -> dict[str, Any]:
    """Run every case and print its line."""
    flat, own_flat, found = tones(FLAT, (), engine, models / "flat")
    wrong = float(np.linalg.norm(flat - own_flat) / np.linalg.norm(own_flat))
    report: dict[str, Any] = {
        "gprMax": found.version,
        "direct_error": found.direct_error,
        "flat": {"error": wrong, **compared(flat, own_flat)},
    }
    off = f"direct wave {100 * found.direct_error:.1f} % off, flat surface {100 * wrong:.1f} %"
    print(f"gprMax {found.version}: {off}")
    print(f"{'case':<12}{'delay, ns':>11}{'peak, dB':>11}{'energy, dB':>12}{'likeness':>10}")
    for name in names:
        things = () if name in GROUNDS else (Buried(name, 0.0, 0.0, DEPTH_M, yaw_deg=TURNED.get(name, 0.0)),)
        full, own, _ = tones(GROUNDS.get(name, FLAT), things, engine, models / name)
        one = compared(full - flat, own - own_flat)
        report[name] = one
        line = f"{name:<12}{one['delay_ns']:>+11.3f}{one['peak_db']:>+11.1f}{one['energy_db']:>+12.1f}"
        print(f"{line}{one['likeness']:>10.3f}", flush=True)
    return report


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--gprmax-command", required=True)
    parser.add_argument("--models", type=Path, help="keep models and outputs here, and use them again")
    parser.add_argument("--gprmax-voxels", type=Path, help="folder of its mines, for models *-voxel")
    parser.add_argument("--step-mm", type=float, help="side of a cell; a tenth of the shortest wave by default")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--only", nargs="*", default=[*GROUNDS, *BODIES])
    arguments = parser.parse_args()
    step_m = arguments.step_mm and 1e-3 * arguments.step_mm
    command = tuple(shlex.split(arguments.gprmax_command))
    engine = GprmaxEngine(command=command, step_m=step_m, voxels=arguments.gprmax_voxels)
    with tempfile.TemporaryDirectory() as folder:
        report = study(arguments.only, engine, arguments.models or Path(folder))
    if arguments.json:
        arguments.json.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
