from ._main import cli as cli
from ._main import main as main
from ._main import run as run
