from .document import Recipe as Recipe
from .dump import dump_recipe as dump_recipe
from .fitted import unlike_fitted as unlike_fitted
from .gpr import RadarStep as RadarStep
from .gpr import radar_steps as radar_steps
from .load import load_recipe as load_recipe
from .load import parse_recipe as parse_recipe
from .schema import recipe_schema as recipe_schema
