from ._following import Following as Following
from ._pace import Pace as Pace
from ._stretch import Stretch as Stretch
from ._sweep import Sweep as Sweep
from ._sweep import Work as Work
