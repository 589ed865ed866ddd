"""What pages that need nothing from elsewhere hold inline, and how their content security policy names it."""

from __future__ import annotations

import base64
import hashlib
import json


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
