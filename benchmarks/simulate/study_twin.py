"""Twins: each full-wave scan and the simulator's scan of the same scene, put through the same measurements.

``python benchmarks/simulate/study_twin.py [--json FILE] [--data FOLDER]``: soil and objects
come from the scan file; the twin's roughness and unevenness are of the same statistics, not the same draw,
so numbers are means over several seeds. The track is the told one without what the metal detector says is its slow
error (`twin_track`): the radar has no say in it.

Both scans, without the direct wave, are aligned sounding by sounding on their own surface echo, and their mean is
removed. What is left is focused on a target by the delays of rays to its top, soundings near it weighing most.

- surface: delay of the twin's echo less that of the full wave (mean over soundings), and its level, dB;
- target: shift, peak relative to the surface echo (dB, twin less full wave) and correlation of the amplitude
  spectra of the focused trace, between 0.25 ns before its top and 0.6 ns after its bottom; and how far the target
  stands above what focusing on empty ground gives, in the full wave and in the twin;
- clutter: level of aligned traces away from all targets, relative to the surface echo, twin less full wave;
- metal detector: factor between the file's dipoles in the simulator's fields and the data, and that of the ground,
  on the track as told and as found.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
from twin_track import coils_of, induction, smoothed

from dualsense.io import read_scan
from dualsense.simulate import _kernels, gpr
from dualsense.simulate.scene import Buried, Radar, Soil
from dualsense.simulate.soil import C0, realise

if TYPE_CHECKING:
    from dualsense.scan import Scan

FDTD = Path(__file__).resolve().parents[2] / "sample_data"
HALF_M = np.array([0.0495, 0.0, 0.0])
SEEDS = (0, 1, 2)
GAIN = 0.041
ROUGH_LENGTH = np.sqrt(2.0)
"""The files do not say how their correlation length is meant. As the width of a Gaussian filter of white noise
(a correlation length of sqrt(2) that in exp(-(r/l)^2 / 2)) the near clutter of all scans is met; read as l itself
the twins have 2.5 to 7 dB more of it."""
AWAY_M = 0.1
"""Soundings farther than this from the outline of every target hear the ground alone."""
NEAR_M = 0.05
EARLY_S, LATE_S = (0.35e-9, 0.9e-9), (0.9e-9, 2.5e-9)
"""After the surface echo: where clutter is told."""
TIME_S = np.linspace(0.0, 5e-9, 1001)
MINES = {"PMN": "PMN-cells", "PMA": "PMA-voxel", "TS50": "TS-50-voxel"}
PMN_ASIDE_M = -0.006
"""Where its round body is along its pin, from the middle of the cells."""
REPEATED = ("pmn_sand", "pmn_sand_impulse")
"""Two scans of one scene with the same radar data, as tones and as traces, and each its own error of the track."""
IN_CELLS_M = {("ts50_casing", "steel fragment"): (0.024, 0.006, 0.009)}
"""Size of what is metal in the full wave's cells of 3 mm, where rounding may decide.

The sides of this piece, 9 mm wide as told, lie at 58.5 and 61.5 cells: two, three or four of them are metal. Three
would be 6 dB louder than the full wave, and two are 5 dB fainter than three."""
MODELS = {"rock": "stone", "root": "stake", "void": "void", "metal": "fragment"}


@dataclass
class Recorded:
    """One scan: tones without the system's delay, where the head was (as found, as told), and its scene."""

    scan: Scan
    tones: np.ndarray
    frequency: np.ndarray
    at: np.ndarray
    told: np.ndarray
    induction: dict[str, Any]
    soil: Soil
    objects: tuple[Buried, ...]
    tops: list[tuple[str, float, float, float, float, float]]
    """Name, x, y, depth, height and outer radius of each target."""


def load(path: Path) -> Recorded:
    """Read a scan and build the simulator's objects from its /truth."""
    scan = read_scan(path)
    with h5py.File(path) as file:
        truth = dict(file["truth"].attrs)
        columns = {k: v[()] for k, v in file["truth/targets"].items()}
    soil = Soil(
        relative_permittivity=float(truth["relative_permittivity"]),
        conductivity_s_m=float(truth["conductivity"]),
        permittivity_std=float(truth["permittivity_relative_std"]),
        permittivity_length_m=float(truth["permittivity_correlation_length"]),
        roughness_rms_m=float(truth["roughness_rms"]),
        roughness_length_m=ROUGH_LENGTH * float(truth["roughness_correlation_length"]),
        susceptibility=float(truth["susceptibility"]),
        susceptibility_loss=float(truth["susceptibility_loss"]),
    )
    objects: list[Buried] = []
    tops = []
    for n, raw in enumerate(columns["label"]):
        label, model = raw.decode(), columns["model"][n].decode()
        x, y, depth = (float(columns[k][n]) for k in ("x", "y", "depth"))
        told = tuple(float(columns[f"size_{k}"][n]) for k in "xyz")
        size = IN_CELLS_M.get((path.stem, model), told)
        objects += bodies_of(label, model, x, y, depth, size, float(columns["permittivity"][n]))
        tops.append((model or label, x, y, depth, size[2], 0.5 * max(size[:2])))
    tones, frequency = to_tones(scan)
    told = smoothed(scan.gpr.time_s, scan.pose.time_s, scan.pose.position_m)
    coils = coils_of(path, scan, soil)
    offsets = coils.offsets()
    at = told + coils.splines(scan.gpr.time_s) @ offsets
    return Recorded(scan, tones, frequency, at, told, induction(coils, offsets), soil, tuple(objects), tops)


def bodies_of(
    label: str, model: str, x: float, y: float, depth: float, size: tuple[float, ...], permittivity: float
) -> list[Buried]:
    if label == "mine":
        yaw = 90.0 if (model == "PMN") == (size[0] > size[1]) else 0.0
        if model == "TS50":  # a casing with a narrower pressure plate on top
            plate = Buried("stake", x, y, depth, body_size_m=(0.048, 0.048, 0.007), body_permittivity=5.0)
            return [plate, Buried(MINES[model], x, y, depth + 0.007)]
        if model == "PMN":  # the file's box of cells begins 1 mm above it, and its spout makes the box lopsided
            turn = np.radians(yaw)
            x, y = x - PMN_ASIDE_M * np.sin(turn), y + PMN_ASIDE_M * np.cos(turn)
            return [Buried(MINES[model], x, y, depth + 0.001, yaw_deg=yaw)]
        return [Buried(MINES[model], x, y, depth + 0.002, yaw_deg=yaw)]
    own = None if np.isnan(permittivity) else permittivity
    return [Buried(MODELS[label], x, y, depth, body_size_m=size, body_permittivity=own)]


def ricker(frequency: np.ndarray, center: float) -> np.ndarray:
    u = (frequency / center) ** 2
    return 2 / (np.sqrt(np.pi) * center) * u * np.exp(-u)


def to_tones(scan: Scan) -> tuple[np.ndarray, np.ndarray]:
    """Tones without the system's delay; traces are transformed and divided by the wavelet's spectrum."""
    frequency = np.linspace(0.8e9, 3.2e9, 121)
    if scan.gpr.modality == "sfcw":
        values = np.asarray(scan.gpr.data, complex)
    else:
        t = scan.gpr.sample_time_s
        values = np.asarray(scan.gpr.data, float) @ np.exp(-2j * np.pi * np.outer(t, frequency)) * (t[1] - t[0])
        # the wavelet is a Ricker's of the simulator's default; how it was scaled, and when it starts, is not told
        values = values / ricker(frequency, Radar().center_hz)
    return values * np.exp(2j * np.pi * frequency * scan.gpr.system_delay_s), frequency


def twin(recorded: Recorded, seed: int, objects: tuple[Buried, ...] | None = None) -> np.ndarray:
    """Echoes of the simulated scene in units of the recorded tones, without the direct wave."""
    rng = np.random.default_rng(seed)
    ground = realise(recorded.soil, low_m=(-0.5, -0.5), high_m=(0.9, 0.9), rng=rng)
    f, at = recorded.frequency, recorded.at
    things = recorded.objects if objects is None else objects
    return system(f) * gpr.ground_echo(things, ground, at - HALF_M, at + HALF_M, f)


def system(frequency: np.ndarray) -> np.ndarray:
    return -1j * GAIN * frequency / 2e9


def direct(frequency: np.ndarray) -> np.ndarray:
    return system(frequency) * gpr.direct_wave(2 * HALF_M, frequency)


def traces(values: np.ndarray) -> np.ndarray:
    """Complex traces at `TIME_S` of tones under a Hann window: magnitude is the envelope."""
    count = values.shape[-1]
    window = np.hanning(count + 2)[1:-1]
    f = np.linspace(0.8e9, 3.2e9, count)
    return (values * window) @ np.exp(2j * np.pi * np.outer(f, TIME_S)) / window.sum()


def aligned(values: np.ndarray, f: np.ndarray, at: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Residue (n, k) about the mean of soundings turned to one stand-off, that mean, and their delays."""
    delay = np.hypot(2 * at[:, 2], 2 * HALF_M[0]) / C0
    lag = np.linspace(-120e-12, 120e-12, 241)
    probe = np.exp(2j * np.pi * np.outer(f, lag))
    reference = delay.mean()
    for _ in range(3):
        turned = values * np.exp(2j * np.pi * f * (delay - reference)[:, None])
        mean = turned.mean(axis=0)
        delay = delay + lag[((turned * mean.conj()) @ probe).real.argmax(axis=1)]
        delay += reference - delay.mean()
    turned = values * np.exp(2j * np.pi * f * (delay - reference)[:, None])
    mean = turned.mean(axis=0)
    gain = np.real(turned @ mean.conj()) / np.vdot(mean, mean).real
    return turned - gain[:, None] * mean, mean, delay - reference


def focused(residue: np.ndarray, r: Recorded, x: float, y: float, depth: float) -> tuple[np.ndarray, float]:
    """Sum (k,) of soundings, each turned by its rays' delay to a point, and the delay straight above it."""
    index, h = np.sqrt(r.soil.relative_permittivity), float(r.at[:, 2].mean())
    way = np.zeros(len(r.at))
    for side in (-1.0, 1.0):
        ant = r.at + side * HALF_M
        rho = np.hypot(ant[:, 0] - x, ant[:, 1] - y)
        way += [_kernels.leg(float(p), h, depth, index)[0] for p in rho]
    at_top = 2 * _kernels.leg(HALF_M[0], h, depth, index)[0]
    weight = np.exp(-0.5 * (np.hypot(r.at[:, 0] - x, r.at[:, 1] - y) / NEAR_M) ** 2)
    turned = residue * np.exp(2j * np.pi * r.frequency * (way - at_top)[:, None])
    return weight @ turned / weight.sum(), at_top


def gate(at_top: float, height: float) -> np.ndarray:
    """Window (t,) over a target: flat, with cosine flanks of 0.15 ns."""
    stop = at_top + 2 * height * 2.2 / C0 + 0.6e-9
    flank = 0.15e-9
    rise = np.clip((TIME_S - (at_top - 0.25e-9)) / flank, 0, 1)
    return 0.5 - 0.5 * np.cos(np.pi * np.minimum(rise, np.clip((stop - TIME_S) / flank, 0, 1)))


def shift_s(a: np.ndarray, b: np.ndarray, reach: float = 0.4e-9) -> float:
    """How much later b is than a, by their envelopes' cross-correlation."""
    step = TIME_S[1] - TIME_S[0]
    most = int(reach / step)
    score = [np.dot(np.roll(np.abs(a), s), np.abs(b)) for s in range(-most, most + 1)]
    return (int(np.argmax(score)) - most) * step


def empty_sites(r: Recorded) -> list[tuple[float, float]]:
    """Places of the swept patch away from every target."""
    grid = np.stack(np.meshgrid(np.arange(0.04, 0.36, 0.04), np.arange(0.04, 0.30, 0.04)), axis=-1).reshape(-1, 2)
    inside = [p for p in grid if np.sum(np.hypot(*(r.at[:, :2] - p).T) < 0.05) > 5]
    return [tuple(p) for p in inside if all(np.hypot(p[0] - t[1], p[1] - t[2]) > t[5] + 0.06 for t in r.tops)]


def db(value: float) -> float:
    return 20.0 * float(np.log10(max(value, 1e-12)))


def measure(values: np.ndarray, r: Recorded) -> dict[str, Any]:
    """All that is told about one scan's radar."""
    raw = np.abs(traces(values))[:, TIME_S < 1.2e-9]
    way = np.hypot(2 * r.at[:, 2], 2 * HALF_M[0]) / C0
    late = TIME_S[: raw.shape[1]][raw.argmax(axis=1)] - way
    residue, mean, delay = aligned(values, r.frequency, r.at)
    surface = float(np.abs(traces(mean)).max())
    free = np.all([np.hypot(r.at[:, 0] - t[1], r.at[:, 1] - t[2]) > t[5] + AWAY_M for t in r.tops], axis=0)
    seen = np.abs(traces(residue[free]))
    at_surface = way.mean()
    levels = [
        float(np.sqrt(np.mean(seen[:, (at_surface + a < TIME_S) & (at_surface + b > TIME_S)] ** 2)))
        for a, b in (EARLY_S, LATE_S)
    ]
    out: dict[str, Any] = {
        "surface_delay_s": float(late.mean()),
        "surface_peak": float(raw.max(axis=1).mean()),
        "surface_scatter_s": float(delay.std()),
        "clutter_early_db": db(levels[0] / surface),
        "clutter_late_db": db(levels[1] / surface),
        "soundings_on_ground": int(free.sum()),
        "targets": [],
    }
    sites = empty_sites(r)
    for name, x, y, depth, height, _ in r.tops:
        spectrum, at_top = focused(residue, r, x, y, depth)
        window = gate(at_top, height)
        trace = traces(spectrum) * window
        empty = [np.abs(traces(focused(residue, r, *p, depth)[0]) * window).max() for p in sites]
        peak = float(np.abs(trace).max())
        out["targets"].append(
            {
                "name": name,
                "trace": trace,
                "spectrum": np.abs(trace @ np.exp(-2j * np.pi * np.outer(TIME_S, r.frequency))),
                "peak_db": db(peak / surface),
                "over_clutter_db": db(peak / float(np.median(empty))) if empty else float("nan"),
            }
        )
    return out


def compare(full: dict[str, Any], ours: list[dict[str, Any]]) -> dict[str, Any]:
    """The twin's numbers less those of the full wave, means over seeds."""

    def mean(key: str) -> float:
        return float(np.mean([o[key] for o in ours]))

    out: dict[str, Any] = {
        "surface_delay_error_ns": 1e9 * (mean("surface_delay_s") - full["surface_delay_s"]),
        "surface_level_error_db": db(mean("surface_peak") / full["surface_peak"]),
        "clutter_early_error_db": mean("clutter_early_db") - full["clutter_early_db"],
        "clutter_late_error_db": mean("clutter_late_db") - full["clutter_late_db"],
        "clutter_early_db": full["clutter_early_db"],
        "clutter_late_db": full["clutter_late_db"],
        "targets": [],
    }
    for n, target in enumerate(full["targets"]):
        theirs = [o["targets"][n] for o in ours]
        shifts = [shift_s(target["trace"], t["trace"]) for t in theirs]
        average = np.mean([t["spectrum"] for t in theirs], axis=0)
        out["targets"].append(
            {
                "name": target["name"],
                "delay_error_ns": 1e9 * float(np.median(shifts)),
                "level_error_db": float(np.mean([t["peak_db"] for t in theirs])) - target["peak_db"],
                "spectrum_correlation": float(np.corrcoef(target["spectrum"], average)[0, 1]),
                "peak_db": target["peak_db"],
                "over_clutter_db": target["over_clutter_db"],
                "twin_over_clutter_db": float(np.mean([t["over_clutter_db"] for t in theirs])),
            }
        )
    return out


def without_direct(r: Recorded, echo: np.ndarray) -> np.ndarray:
    """Recorded tones less the direct wave; how traces are scaled is not told, and is taken from a twin's echo."""
    tones = r.tones
    if r.scan.gpr.modality == "impulse":
        model = direct(r.frequency) + echo
        tones = tones / (np.vdot(model, tones) / np.vdot(model, model)).real
    return tones - direct(r.frequency)


def repeated(folder: Path, names: tuple[str, str] = REPEATED) -> dict[str, float]:
    """Two scans of one scene whose radar data are the same: how far apart their tracks are, told and found.

    And how alike the spectra of each target are, which hang on the track alone.
    """
    a, b = (load(folder / f"{name}.h5") for name in names)
    twins = [twin(r, 0) for r in (a, b)]
    full = [without_direct(r, echo) for r, echo in zip((a, b), twins, strict=True)]
    near = (
        np.min([np.hypot(a.at[:, 0] - t[1], a.at[:, 1] - t[2]) for t in a.tops if t[0] in MINES], axis=0) < AWAY_M
    )

    def apart_mm(one: np.ndarray, other: np.ndarray) -> float:
        return float(1e3 * np.sqrt((((one - other)[near]) ** 2).sum(axis=-1).mean()))

    out = {
        "echoes alike": float(abs(np.vdot(full[0], full[1])) / np.linalg.norm(full[0]) / np.linalg.norm(full[1])),
        "tracks over the mine apart as told, mm": apart_mm(a.told, b.told),
        "as found, mm": apart_mm(a.at, b.at),
    }
    for kind, values in (("full wave", full), ("twin", twins)):
        found = [measure(v, r)["targets"] for v, r in zip(values, (a, b), strict=True)]
        for x, y in zip(*found, strict=True):
            out[f"spectra of the {x['name']}, {kind}"] = float(np.corrcoef(x["spectrum"], y["spectrum"])[0, 1])
    return out


def study(folder: Path, *, seeds: tuple[int, ...] = SEEDS, names: str = "*") -> dict[str, Any]:
    """Compare every scan of a folder with its twins."""
    out = {}
    for path in sorted(folder.glob(f"{names}.h5")):
        r = load(path)
        twins = [twin(r, seed) for seed in seeds]
        full = measure(without_direct(r, twins[0]), r)
        ours = [measure(values, r) for values in twins]
        out[path.stem] = compare(full, ours) | {"induction": r.induction}
    return out


def table(found: dict[str, Any]) -> str:
    """What `study` found, as text."""
    lines = [f"{'radar':<18}{'surface':>20}{'clutter near':>15}{'far':>9}"]
    lines += [
        f"{name:<18}{row['surface_delay_error_ns']:+8.3f} ns {row['surface_level_error_db']:+5.1f} dB"
        f"{row['clutter_early_error_db']:+12.1f} dB{row['clutter_late_error_db']:+6.1f} dB"
        for name, row in found.items()
    ]
    lines.append(f"\n{'target':<34}{'delay':>10}{'level':>10}{'spectra':>9}   full wave, and above clutter (twin)")
    lines += [
        f"{name + ' ' + t['name']:<34}{t['delay_error_ns']:+7.3f} ns{t['level_error_db']:+7.1f} dB"
        f"{t['spectrum_correlation']:9.2f}   {t['peak_db']:6.1f} dB {t['over_clutter_db']:5.1f} dB"
        f" ({t['twin_over_clutter_db']:.1f})"
        for name, row in found.items()
        for t in row["targets"]
    ]
    heads = ("factor of metal", "share of metal", "factor of ground", "share of ground", "left")
    keys = ("metal_factor", "metal_share", "ground_factor", "ground_share", "left")
    lines.append("\n" + f"{'metal detector':<25}" + "".join(f"{h:<18}" for h in heads))
    for name, row in found.items():
        for track in ("told", "found"):
            values = row["induction"][track]
            cells = "".join(f"{' '.join(f'{v:.2f}' for v in values[key]):<18}" for key in keys)
            lines.append(f"{name if track == 'told' else '':<18}{track:<7}{cells}")
        by = ", ".join(f"{v:.1f}" for v in row["induction"]["moved_rms_mm"])
        lines[-1] += f"moved by {by} mm rms"
    return "\n".join(lines)


def main() -> None:
    """Print the table; write numbers on request."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=FDTD)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    found = study(options.data)
    print(table(found))
    print(f"\n{' and '.join(REPEATED)}")
    for name, value in repeated(options.data).items():
        print(f"{name}: {value:.3g}")
    if options.json is not None:
        options.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
