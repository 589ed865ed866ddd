from ._crew import batch_crew as batch_crew
from ._entry import BatchEntry as BatchEntry
from ._entry import batch_csv as batch_csv
from ._entry import batch_json as batch_json
from ._find import find_scans as find_scans
from ._page import batch_html as batch_html
from ._run import process_batch as process_batch
