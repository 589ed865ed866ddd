"""What a deminer sees of a spoilt recording: pictures of one scan with a fault of every kind, and one sheet.

    python -m benchmarks.campaign.pictures OUT [--scan pmn_wet] [--kinds TEXT,...]

For each check of integrity, and for some faults that are not the checks', one case of the campaign: `OUT/NAME.png`
as `fused.png` of that scan, with the sentences of its faults in `OUT/faults.txt`, and `OUT/sheet.png` of all. They
are for looking at.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.campaign import outcome
from benchmarks.campaign.table import kinds
from benchmarks.processes import ROOT

if TYPE_CHECKING:
    from dualsense.result import Result
    from dualsense.scan import Scan

SHOWN = (
    ("frozen/time/both", 3.0),
    ("mean+noise/time/gpr", 8.0),
    ("noise-stretch/emi", 3),
    ("gain-step/gpr", 0.5),
    ("clipped/emi", 0.3),
    ("noisy-tones-50", 10.0),
    ("record-short", 0.3),
    ("lost/mine/both", 0.13),
    ("cut-late", 0.0),
    ("added-beat/emi", 1.5),
    ("dead-drift/emi", 0.2),
    ("lever/gpr/y", 0.1),
    ("interference/gpr", 1.0),
    ("interference/emi", 1.0),
    ("coupling/gpr", 1.0),
    ("clock/gpr", 0.2),
    ("clock/emi", 0.2),
    ("track-stuck", 5.0),
    ("track-jumps-y", 0.1),
    ("track-noise", 0.05),
    ("track-level", 0.05),
    ("track-offset-z", 0.03),
    ("track-drifts-z", 0.05),
    ("track-units-xy", 0.5),
    ("track-units-xy", 3.2808),
)
"""Kinds of the campaign's table and their severity."""
COLUMNS, TILE_IN = 4, (5.2, 3.9)


def case_result(scan: Scan, name: str, severity: float) -> Result | str:
    """Process one case; the sentence where it is refused."""
    from dualsense.errors import DualsenseError

    kind = next(one for one in kinds() if one.name == name)
    case = outcome.Case(scan.header.scan_id, name, severity)
    try:
        return outcome.process(outcome.spoilt(scan, kind, case, 1))
    except DualsenseError as error:
        return str(error)


def draw_sheet(pictures: dict[str, Path | str], path: Path) -> None:
    """Put all pictures on one sheet, each below its name; what has none has its sentence."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.image import imread

    rows = -(-len(pictures) // COLUMNS)
    figure = Figure(figsize=(COLUMNS * TILE_IN[0], rows * TILE_IN[1]), dpi=90, layout="constrained")
    FigureCanvasAgg(figure)
    for axes, (name, picture) in zip(
        figure.subplots(rows, COLUMNS, squeeze=False).flat, pictures.items(), strict=False
    ):
        axes.set_title(name, fontsize=10)
        if isinstance(picture, Path):
            axes.imshow(imread(picture), interpolation="lanczos")
        else:
            axes.text(0.5, 0.5, f"refused:\n{picture}", ha="center", va="center", wrap=True, fontsize=9)
    for axes in figure.axes:
        axes.set_axis_off()
    figure.savefig(path, metadata={"Software": None})


def main() -> int:
    """Draw what is asked for."""
    from dualsense.io import read_scan
    from dualsense.render import write_figures

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--scan", default="pmn_wet", help="sample scan, by name")
    parser.add_argument("--kinds", default="", help="beginnings of names; all without")
    asked = parser.parse_args()
    scan = read_scan(ROOT / "sample_data" / f"{asked.scan}.h5")
    asked.out.mkdir(parents=True, exist_ok=True)
    pictures: dict[str, Path | str] = {}
    said: list[str] = []
    for name, severity in SHOWN:
        if not any(name.startswith(text) for text in asked.kinds.split(",")):
            continue
        result = case_result(scan, name, severity)
        title = f"{name} {severity:g}"
        if isinstance(result, str):
            pictures[title] = result
            said += [title, f"  refused: {result}"]
            continue
        folder = asked.out / title.replace("/", "-").replace(" ", "-")
        folder.mkdir(exist_ok=True)
        write_figures(result, folder)
        pictures[title] = folder / "fused.png"
        said += [title, *(f"  {one.severity} {one.sensor} {one.code}: {one.message}" for one in result.faults)]
        said += [f"  {t.id} {t.call} {t.confidence:.2f} at {t.x_m:.2f}:{t.y_m:.2f}" for t in result.targets]
        print(title, flush=True)
    (asked.out / "faults.txt").write_text("\n".join(said) + "\n", encoding="utf-8")
    draw_sheet(pictures, asked.out / "sheet.png")
    return 0


if __name__ == "__main__":
    sys.exit(main())
