from .cache import StepCache as StepCache
from .log import Log as Log
from .long import process_recording as process_recording
from .metal import MetalState as MetalState
from .process import process_scan as process_scan
from .process import step_names as step_names
from .radar import RadarState as RadarState
from .tiles import Tiling as Tiling
