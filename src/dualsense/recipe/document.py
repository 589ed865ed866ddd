"""The whole recipe: one table per room, and what must hold between their values."""

from __future__ import annotations

import hashlib

from pydantic import model_validator

from dualsense.recipe.base import Table
from dualsense.recipe.dump import dump_recipe
from dualsense.recipe.emi import Emi
from dualsense.recipe.fusion import Fusion
from dualsense.recipe.gpr import Gpr
from dualsense.recipe.survey import Survey


class Recipe(Table):
    """Every parameter of the chain, frozen."""

    survey: Survey = Survey()
    gpr: Gpr = Gpr()
    emi: Emi = Emi()
    fusion: Fusion = Fusion()

    @model_validator(mode="after")
    def _consistent(self) -> Recipe:
        migrate = self.gpr.migrate
        if migrate.depth_stop_m / migrate.depth_step_m > 1000:
            msg = (
                f"gpr.migrate: {migrate.depth_stop_m} m in steps of {migrate.depth_step_m} m are over 1000 slices"
            )
            raise ValueError(msg)
        if self.gpr.gain.on and not self.gpr.radargram.on:
            msg = "gpr.gain: only the radargram is raised, and gpr.radargram.on is false"
            raise ValueError(msg)
        tops = [top for top, _ in self.gpr.soil.deeper_layers]
        if tops != sorted(set(tops)):
            msg = f"gpr.soil.deeper_layers: depths must increase, got {tops}"
            raise ValueError(msg)
        if tops and migrate.method == "stolt":
            msg = "gpr.migrate.method: stolt takes homogeneous soil, and gpr.soil.deeper_layers is given"
            raise ValueError(msg)
        if migrate.weights != "heard" and migrate.method != "kirchhoff":
            msg = f"gpr.migrate.weights: only kirchhoff takes {migrate.weights}, got method {migrate.method}"
            raise ValueError(msg)
        if migrate.on_ground is True and migrate.method == "wavenumber":
            msg = "gpr.migrate.method: wavenumber needs antennas above the ground, and on_ground is true"
            raise ValueError(msg)
        return self

    @property
    def sha256(self) -> str:
        """Of all keys and values as TOML, without a word about them: equal recipes have equal hashes."""
        return hashlib.sha256(dump_recipe(self, comments=False).encode()).hexdigest()
