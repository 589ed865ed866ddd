"""The notebooks of the examples run from the first cell to the last, in this process; no outputs are kept."""

from __future__ import annotations

import json

import matplotlib as mpl
import matplotlib.pyplot as plt
import pytest

NOTEBOOKS = ("from_file_to_target", "foreign_line", "background_filter")


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_runs(name, project_root, monkeypatch):
    tree = json.loads((project_root / "examples" / "notebooks" / f"{name}.ipynb").read_text(encoding="utf-8"))
    cells = [cell for cell in tree["cells"] if cell["cell_type"] == "code"]
    assert not any(cell["outputs"] or cell["execution_count"] for cell in cells)
    monkeypatch.chdir(project_root)
    names = {}
    with mpl.rc_context({"figure.max_open_warning": 0}):
        mpl.use("agg")
        try:
            for cell in cells:
                exec(compile("".join(cell["source"]), f"{name}.ipynb", "exec"), names)  # noqa: S102 - our own cells
            drawn = [axes for number in plt.get_fignums() for axes in plt.figure(number).axes if axes.images]
            assert drawn
        finally:
            plt.close("all")
    result = names["result"]
    assert result.gpr_volume is not None or result.radargram is not None
