"""What pages that need nothing from elsewhere hold inline, and how their content security policy names it."""

from __future__ import annotations

import base64
import hashlib
import json
from importlib.resources import files


def policy_source(text: str) -> str:
    """Source expression of the content security policy for an inline script or style."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")


def script_json(data: object) -> str:
    """JSON that cannot end the script element that holds it."""
    text = json.dumps(data, separators=(",", ":"), allow_nan=False)
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def data_uri(kind: str, content: bytes) -> str:
    """Address that holds a file itself, of a media type such as "image/png"."""
    return f"data:{kind};base64," + base64.b64encode(content).decode("ascii")


def filled_page(template: str, *, style: str, script: str, data: object) -> str:
    """Page with its style, script and data in the places of a template's marks, and what its policy admits.

    The script goes on from ``assets/page.js``, which reads the data and says what stands in their languages.
    """
    script = files("dualsense.runtime").joinpath("assets", "page.js").read_text(encoding="utf-8") + script
    page = template.replace("{style_hash}", policy_source(style)).replace("{script_hash}", policy_source(script))
    page = page.replace("{style}", style).replace("{script}", script)
    # the data come last: whatever they hold is not looked through for the other marks
    return page.replace("{data}", script_json(data))
