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
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from twin_scene import FDTD, MINES, Recorded, even, load
from twin_track import induction

from dualsense.constants import C0_M_S
from dualsense.simulate import ground_echo, realise_ground
from dualsense.simulate._radar import _kernels
from dualsense.simulate._radar.radar import direct_wave

if TYPE_CHECKING:
    from dualsense.simulate import Buried, Ground, Soil

HALF_M = np.array([0.0495, 0.0, 0.0])
SEEDS = (0, 1, 2)
GAIN = 0.041
AWAY_M = 0.1
"""Soundings farther than this from the outline of every target hear the ground alone."""
NEAR_M = 0.05
EARLY_S, LATE_S = (0.35e-9, 0.9e-9), (0.9e-9, 2.5e-9)
"""After the surface echo: where clutter is told."""
TIME_S = np.linspace(0.0, 5e-9, 1001)
REPEATED = ("pmn_sand", "pmn_sand_impulse")
"""Two scans of one scene with the same radar data, as tones and as traces, and each its own error of the track."""


def twin(recorded: Recorded, seed: int, objects: tuple[Buried, ...] | None = None) -> np.ndarray:
    """Echoes of the simulated scene in units of the recorded tones, without the direct wave."""
    ground = ground_of(recorded.soil, seed)
    f, at = recorded.frequency, recorded.at
    things = recorded.objects if objects is None else objects
    return system(f) * ground_echo(things, ground, at - HALF_M, at + HALF_M, f)


def ground_of(soil: Soil, seed: int) -> Ground:
    """One draw of the ground, under the patch and around it."""
    return realise_ground(soil, low_m=(-0.5, -0.5), high_m=(0.9, 0.9), rng=np.random.default_rng(seed))


def system(frequency: np.ndarray) -> np.ndarray:
    return -1j * GAIN * frequency / 2e9


def direct(frequency: np.ndarray) -> np.ndarray:
    return system(frequency) * direct_wave(2 * HALF_M, frequency)


def traces(values: np.ndarray) -> np.ndarray:
    """Complex traces at `TIME_S` of tones under a Hann window: magnitude is the envelope."""
    count = values.shape[-1]
    window = np.hanning(count + 2)[1:-1]
    f = np.linspace(0.8e9, 3.2e9, count)
    return (values * window) @ np.exp(2j * np.pi * np.outer(f, TIME_S)) / window.sum()


def standoff_s(at: np.ndarray) -> np.ndarray:
    """Time (n,) from antenna to antenna by way of a flat surface."""
    return np.hypot(2 * at[:, 2], 2 * HALF_M[0]) / C0_M_S


def surface_echo(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """When (n,) the strongest of the first echoes comes, and how strong it is."""
    raw = np.abs(traces(values))[:, TIME_S < 1.2e-9]
    return TIME_S[raw.argmax(axis=1)], raw.max(axis=1)


def aligned(values: np.ndarray, f: np.ndarray, at: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Residue (n, k) about the mean of soundings turned to one stand-off, that mean, and their delays."""
    delay = standoff_s(at)
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
    stop = at_top + 2 * height * 2.2 / C0_M_S + 0.6e-9
    flank = 0.15e-9
    rise = np.clip((TIME_S - (at_top - 0.25e-9)) / flank, 0, 1)
    return 0.5 - 0.5 * np.cos(np.pi * np.minimum(rise, np.clip((stop - TIME_S) / flank, 0, 1)))


def over_target(residue: np.ndarray, r: Recorded, x: float, y: float, depth: float, height: float) -> np.ndarray:
    """Trace (t,) focused on a target's top, within its gate."""
    line, at_top = focused(residue, r, x, y, depth)
    return traces(line) * gate(at_top, height)


def amplitudes(trace: np.ndarray, frequency: np.ndarray) -> np.ndarray:
    """Of a trace's spectrum (k,)."""
    return np.abs(trace @ np.exp(-2j * np.pi * np.outer(TIME_S, frequency)))


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
    came, strength = surface_echo(values)
    way = standoff_s(r.at)
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
        "surface_delay_s": float((came - way).mean()),
        "surface_peak": float(strength.mean()),
        "surface_scatter_s": float(delay.std()),
        "clutter_early_db": db(levels[0] / surface),
        "clutter_late_db": db(levels[1] / surface),
        "soundings_on_ground": int(free.sum()),
        "targets": [],
    }
    sites = empty_sites(r)
    for name, x, y, depth, height, _ in r.tops:
        trace = over_target(residue, r, x, y, depth, height)
        empty = [np.abs(over_target(residue, r, *p, depth, height)).max() for p in sites]
        peak = float(np.abs(trace).max())
        out["targets"].append(
            {
                "name": name,
                "trace": trace,
                "spectrum": amplitudes(trace, r.frequency),
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


def heights_m(r: Recorded) -> tuple[float, float]:
    """Mean height over the told track: as found, and as the radar's echo of the surface has it, unasked so far."""
    flat = twin(replace(r, at=r.recorded_m, soil=even(r.soil)), 0, ())
    late = (surface_echo(without_direct(r, flat))[0] - surface_echo(flat)[0]).mean()
    height = r.recorded_m[:, 2].mean()
    steep = np.hypot(height, HALF_M[0]) / height
    return float(r.coils.moved(r.scan.gpr.time_s)[:, 2].mean()), float(0.5 * C0_M_S * steep * late)


def repeated(folder: Path, names: tuple[str, str] = REPEATED) -> dict[str, Any]:
    """Two scans whose radar data are the same, made at the same places: what their tracks make of them.

    How alike the echoes are; how far apart the tracks are over the mine, told and found (x, y, z); and how alike
    the mine's spectra, full wave's and twin's, which then hang on the tracks alone.
    """
    out: dict[str, Any] = {}
    for track in ("told", "found"):
        a, b = (load(folder / f"{name}.h5", track=track) for name in names)
        twins = [twin(r, 0) for r in (a, b)]
        full = [without_direct(r, echo) for r, echo in zip((a, b), twins, strict=True)]
        _, x, y, *_ = next(top for top in a.tops if top[0] in MINES)
        over = np.hypot(a.recorded_m[:, 0] - x, a.recorded_m[:, 1] - y) < 1.5 * AWAY_M
        alike = np.abs(np.vdot(*full)) / np.linalg.norm(full[0]) / np.linalg.norm(full[1])
        spectra = [
            [measure(values, r)["targets"][0]["spectrum"] for values, r in zip(both, (a, b), strict=True)]
            for both in (full, twins)
        ]
        out["echoes"] = float(alike)
        out[track] = {
            "apart_mm": (1e3 * np.sqrt(((a.at - b.at)[over] ** 2).mean(axis=0))).tolist(),
            "spectra_full_wave": float(np.corrcoef(*spectra[0])[0, 1]),
            "spectra_twin": float(np.corrcoef(*spectra[1])[0, 1]),
        }
    return out


def study(
    folder: Path,
    *,
    seeds: tuple[int, ...] = SEEDS,
    names: str = "*",
    track: str = "found",
    as_stated: bool = False,
) -> dict[str, Any]:
    """Compare every scan of a folder with its twins."""
    out = {}
    for path in sorted(folder.glob(f"{names}.h5")):
        r = load(path, track=track, as_stated=as_stated)
        twins = [twin(r, seed) for seed in seeds]
        full = measure(without_direct(r, twins[0]), r)
        ours = [measure(values, r) for values in twins]
        out[path.stem] = compare(full, ours) | {"induction": induction(r.coils), "heights_m": heights_m(r)}
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
        by_coils, by_radar = (1e3 * v for v in row["heights_m"])
        lines[-1] += (
            f"moved by {by} mm rms; higher by {by_coils:+.1f} mm, the radar's surface says {by_radar:+.1f}"
        )
    return "\n".join(lines)


def main() -> None:
    """Print the table; write numbers on request."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=FDTD)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--told-track", action="store_true", help="without what the metal detector says of it")
    parser.add_argument(
        "--told-objects", action="store_true", help="of whole cells and bands, as the truth has them"
    )
    options = parser.parse_args()
    track = "told" if options.told_track else "found"
    found = study(options.data, track=track, as_stated=options.told_objects)
    print(table(found))
    pair = repeated(options.data)
    print(f"\n{' and '.join(REPEATED)}: echoes alike {pair['echoes']:.4f}")
    for track in ("told", "found"):
        apart = ", ".join(f"{v:.1f}" for v in pair[track]["apart_mm"])
        spectra = f"full wave {pair[track]['spectra_full_wave']:.2f}, twin {pair[track]['spectra_twin']:.2f}"
        print(f"tracks as {track:<6} {apart} mm rms apart over the mine; its spectra alike: {spectra}")
    if options.json is not None:
        options.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
