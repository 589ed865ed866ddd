from .cache import StepCache as StepCache
from .log import Log as Log
from .metal import MetalState as MetalState
from .process import process_scan as process_scan
from .process import step_names as step_names
from .radar import RadarState as RadarState
