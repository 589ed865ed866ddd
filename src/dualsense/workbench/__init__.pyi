from ._compare import Comparison as Comparison
from ._compare import compare_results as compare_results
from ._told import comparison_html as comparison_html
from ._told import comparison_json as comparison_json
from ._told import comparison_text as comparison_text
