"""A recording followed while another process writes it: each look takes into the sweep what has come since."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dualsense.io import Growing
from dualsense.live._stretch import Stretch
from dualsense.live._sweep import Sweep

if TYPE_CHECKING:
    from pathlib import Path

    from dualsense.io import News
    from dualsense.recipe import Recipe
    from dualsense.scan import Scan, ScanHeader


class Following:
    """The sweep of a scan file that grows; it begins anew with every other recording in the file's place.

    Parameters
    ----------
    path
        Of the scan file, which need not be there yet.
    recipe
        Parameters of all steps.

    Attributes
    ----------
    sweep, header
        None until something has come.
    start_s, last_s
        First and last time of what has come, in the recording's own seconds.
    """

    def __init__(self, path: Path, recipe: Recipe) -> None:
        self._growing, self._recipe = Growing(path), recipe
        self.sweep: Sweep | None = None
        self.header: ScanHeader | None = None
        self.start_s, self.last_s = 0.0, 0.0

    def look(self) -> News:
        """Take what has come since the last look."""
        news = self._growing.look()
        if news.anew:
            self.sweep = None
        if news.scan is not None:
            self._take(news.scan)
        return news

    def close(self) -> None:
        """Let go of the file."""
        self._growing.close()

    def _take(self, new: Scan) -> None:
        clocks = [one.time_s for one in (new.pose, new.gpr, new.emi) if one is not None and one.time_s.size]
        if self.sweep is None:
            self.header, self.start_s = new.header, min(float(clock[0]) for clock in clocks)
            self.sweep = Sweep.of(new, self._recipe, start_s=self.start_s)
            self.last_s = self.start_s
        self.sweep.take(Stretch(new.pose, gpr=new.gpr, emi=new.emi))
        self.last_s = max(self.last_s, *(float(clock[-1]) for clock in clocks))
