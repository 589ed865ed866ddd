"""Two cases that no dual sensor solves, and what the program says of them.

A plastic mine in ground of its own permittivity has no radar echo; a mine under a can has an echo and metal that
are the can's. Simulated, two seeds each, with every confidence model: ``python benchmarks/study_hard_cases.py``.
"""

from __future__ import annotations

import sys
from dataclasses import replace


def scenes() -> dict[str, object]:
    """One object or two in the middle of a small patch."""
    from dualsense.simulate import Buried, Motion, Scene, Soil

    motion = Motion(length_m=0.5, width_m=0.5)
    alike = Soil(relative_permittivity=2.9, conductivity_s_m=0.003, permittivity_std=0.03, roughness_rms_m=0.003)
    return {
        "mine without radar contrast": Scene(
            scan_id="no-contrast", soil=alike, objects=(Buried("PMA-3", 0.25, 0.25, 0.05),), motion=motion
        ),
        "mine under a can": Scene(
            scan_id="under-a-can",
            objects=(Buried("can", 0.25, 0.25, 0.01), Buried("PMN", 0.25, 0.26, 0.09)),
            motion=motion,
        ),
        "the can alone": Scene(scan_id="can-alone", objects=(Buried("can", 0.25, 0.25, 0.01),), motion=motion),
    }


def main() -> int:
    from dualsense.chain import process_scan
    from dualsense.recipe import load_recipe
    from dualsense.simulate import simulate_scan

    clutter = 0
    for name, scene in scenes().items():
        for seed in (1, 2):
            scan = replace(simulate_scan(scene, seed=seed), truth=None)
            for model in ("uncalibrated-rules-1", "simulated-3", "simulated-5"):
                result = process_scan(scan, load_recipe(overrides=[f"fusion.model={model}"]))
                print(f"{name}, seed {seed}, {model}")
                near = [t for t in result.targets if abs(t.x_m - 0.25) < 0.15 and abs(t.y_m - 0.25) < 0.15]
                for t in near:
                    print(f"   {t.call}, confidence {t.confidence:.2f}: {'; '.join(t.reasons)}")
                if not near:
                    print("   no target")
                clutter += name.startswith("mine") and any(t.call == "likely-clutter" for t in near)
    return 1 if clutter else 0


if __name__ == "__main__":
    sys.exit(main())
