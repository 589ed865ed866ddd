"""Stand in for gprMax in tests: reads a model as this project writes it, and answers with a known field.

The field of a dipole in free space, and of its mirror image with a coefficient of -1/2 in the plane ``SURFACE_M``
below the transmitter where the model is a sounding. Run as ``fake_gprmax.py HOW MODEL.in [-gpu]``.
"""

from __future__ import annotations

import sys
from pathlib import Path

import h5py
import numpy as np

C0, MU0 = 299_792_458.0, 4e-7 * np.pi
SURFACE_M = 0.06
MIRRORED = -0.5


def parallel_dipole(baseline, frequency):
    r = np.linalg.norm(baseline)
    kr = 2 * np.pi * frequency / C0 * r
    near = (1 - 1j / kr - 1 / kr**2) - (baseline[1] / r) ** 2 * (1 - 3j / kr - 3 / kr**2)
    return np.exp(-1j * kr) / r * near


def main(how, model, *switches):
    sys.stdout.write(f"a stand-in for gprMax, {' '.join(switches)}\n")
    if how == "fails":
        sys.stderr.write("the model has 3 materials too many\r\n")
        return 3
    lines = [line.split(": ", 1) for line in Path(model).read_text().splitlines() if not line.startswith("##")]
    said = {name: value.split() for name, value in lines}
    step = float(said["#dx_dy_dz"][0])
    center = float(said["#waveform"][2])
    dt = step / (C0 * np.sqrt(3))
    count = int(np.ceil(float(said["#time_window"][0]) / dt)) + 1
    tx = np.array([float(x) for x in said["#hertzian_dipole"][1:4]])
    receivers = [value.split() for name, value in lines if name == "#rx"]
    spectrum = np.fft.rfftfreq(8 * count, dt)
    time = dt * (np.arange(8 * count) + 0.5)
    square = (np.pi * center * (time - np.sqrt(2) / center)) ** 2
    current = np.fft.rfft((1 - 2 * square) * np.exp(-square)) * np.exp(-1j * np.pi * spectrum * dt)
    with h5py.File(Path(model).with_suffix(".h5"), "w") as file:
        if how == "old":
            return 0
        file.attrs["dt"], file.attrs["gprMax"] = dt, "4.0.stand-in"
        for i, (*place, name, component) in enumerate(reversed(receivers)):  # in another order than asked for
            baseline = np.array([float(x) for x in place]) - tx
            field = np.zeros(len(spectrum), complex)
            field[1:] = parallel_dipole(baseline, spectrum[1:])
            if said["#title"][-1] != "air":
                down = baseline - [0, 0, 2 * SURFACE_M]
                field[1:] += MIRRORED * parallel_dipole(down, spectrum[1:])
            unit = -2j * np.pi * spectrum * MU0 * step / (4 * np.pi)
            trace = np.fft.irfft(field * unit * current)[:count]
            group = file.create_group(f"rxs/rx{i + 1}")
            group.attrs["Name"] = name
            group[component] = (3.0 if how == "louder" else 1.0) * trace[: count // 2 if how == "short" else None]
    if how == "truncated":
        whole = Path(model).with_suffix(".h5").read_bytes()
        Path(model).with_suffix(".h5").write_bytes(whole[: len(whole) // 2])
    if how == "forgets":
        Path(model).with_suffix(".h5").unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
