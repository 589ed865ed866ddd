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


def shared_asset(name: str) -> str:
    """Text of a script, style or template that several pages hold, such as "marks.js"."""
    return files("dualsense.runtime").joinpath("assets", name).read_text(encoding="utf-8")


def filled_page(
    body: str, *, heading: str, letters: str, style: str, script: str, data: object, images: str = "data:"
) -> str:
    """Page around a body, with its style, script and data inline, and what its policy admits.

    Parameters
    ----------
    body
        HTML below the heading, where readers choose language and colours.
    heading
        Name of the sentence that stands there.
    letters, style
        CSS: of letters that the page brings along, and of what this page has beside ``assets/page.css``.
    script
        Goes on from ``assets/page.js``, which reads the data and says what stands in their languages.
    data
        Ready for JSON.
    images
        Where pictures may come from, as a content security policy has it.

    Returns
    -------
    str
    """
    style = letters + shared_asset("page.css") + style
    script = shared_asset("page.js") + script
    marks = {
        "heading": heading,
        "images": images,
        "style_hash": policy_source(style),
        "script_hash": policy_source(script),
        "body": body,
        "style": style,
        "script": script,
    }
    page = shared_asset("page.html")
    for name, text in marks.items():
        page = page.replace("{" + name + "}", text)
    # the data come last: whatever they hold is not looked through for the other marks
    return page.replace("{data}", script_json(data))
