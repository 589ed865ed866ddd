"""How the documentation is built: ``make docs``. It opens from a folder, without a network."""

import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "docs" / "_ext"), str(ROOT)]

from dualsense import __version__  # noqa: E402

project = "dualsense"
author = "The dualsense authors"
project_copyright = "The dualsense authors, Apache-2.0"
version = release = __version__
language = "en"

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.viewcode",
    "numpydoc",
    "mathml",
    "sidebar",
    "generated",
]
exclude_patterns = ["_ext", "_static"]

myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3
myst_links_external_new_tab = False

autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
python_maximum_signature_line_length = 88
add_module_names = False
toc_object_entries_show_parents = "hide"
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False
viewcode_follow_imported_members = True

# two rooms may call something alike, as their Soil; where it is not clear which is meant, a signature has no link
suppress_warnings = ["ref.python"]

html_theme = "furo"
html_title = f"dualsense {__version__}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_math_renderer = "mathml"
html_copy_source = False
html_show_sphinx = False
html_last_updated_fmt = None
smartquotes = False
pygments_style = "friendly"
