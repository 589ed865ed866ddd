from ._kind import FaultKind as FaultKind
from ._make import KINDS as KINDS
from ._make import fault as fault
