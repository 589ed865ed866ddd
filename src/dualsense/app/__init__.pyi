from ._decisions import decisions_csv as decisions_csv
from ._decisions import decisions_json as decisions_json
from ._decisions import read_decisions as read_decisions
from ._decisions import record_decision as record_decision
from ._listing import all_decisions as all_decisions
from ._start import train as train
from ._start import tune as tune
from ._start import view as view
