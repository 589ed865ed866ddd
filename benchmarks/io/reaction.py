"""How fast the viewer reacts to a permittivity of the operator's: the image alone is made anew.

    python -m benchmarks.io.reaction                a simulated square metre in voxels of 5 mm
    python -m benchmarks.io.reaction --scan FILE    or another scan

Told are the time on the clock and the processor's, of the worker that makes the image and packs it for the page;
on a machine where others work the clock tells of them, too. Beside it stands the whole chain with a cache of its
steps.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

SCENE = Path(__file__).parents[1] / "budget_scan.toml"
LIMIT_S = 0.5


def measured(scan: Path, folder: Path, times: int) -> dict[str, list[float]]:
    """Make the image at so many permittivities; clock and processor seconds of each."""
    import dualsense as ds
    from dualsense.app._imaging import Imaging, image_one
    from dualsense.chain import StepCache, process_scan
    from dualsense.recipe import Recipe

    recording = ds.read_scan(scan)
    result = process_scan(recording)
    ds.write_outputs(result, folder)
    kinds = {"while a control is moved": True, "when it rests": False}
    taken: dict[str, list[float]] = {f"{kind}, {of}": [] for kind in kinds for of in ("clock", "processor")}
    for number in range(times + 1):
        for kind, quick in kinds.items():
            task = Imaging(str(folder), str(scan), result.scan_sha256, 4.0 + 0.3 * number, quick=quick)
            clock, processor = time.perf_counter(), time.process_time()
            answer = json.dumps(image_one(task))
            assert '"image"' in answer, answer
            if number:  # the first one takes the scan through the chain
                taken[f"{kind}, clock"].append(time.perf_counter() - clock)
                taken[f"{kind}, processor"].append(time.process_time() - processor)
    taken["whole chain, processor"] = []
    cache = StepCache()
    for number in range(3):
        soil = Recipe().gpr.soil.model_copy(update={"relative_permittivity": 4.0 + 0.3 * number})
        recipe = Recipe()
        recipe = recipe.model_copy(update={"gpr": recipe.gpr.model_copy(update={"soil": soil})})
        processor = time.process_time()
        process_scan(recording, recipe, cache=cache)
        if number:
            taken["whole chain, processor"].append(time.process_time() - processor)
    return taken


def main() -> int:
    """Measure, and fail where the reaction takes longer than it may."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scan", type=Path)
    parser.add_argument("--times", type=int, default=10)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        scan = given.scan
        if scan is None:
            from dualsense import simulate

            scan = Path(place, "scan.h5")
            simulate.simulate_file(simulate.read_scene(SCENE), scan, seed=1)
        taken = measured(scan, Path(place, "out"), given.times)
    for name, seconds in taken.items():
        print(f"{name}: median {statistics.median(seconds):.3f} s, most {max(seconds):.3f} s")
    return 0 if statistics.median(taken["while a control is moved, clock"]) <= LIMIT_S else 1


if __name__ == "__main__":
    sys.exit(main())
