"""A control of a page, what it has to change, and how a finger and a keyboard use it."""

from __future__ import annotations

from dataclasses import dataclass

WAYS = ("finger", "keyboard")
SIZES = {"tablet": (1024, 768), "phone": (390, 844)}
FINGER_PX = 44


@dataclass(frozen=True)
class Control:
    """One thing to press.

    Attributes
    ----------
    at
        What is tapped, and at which part of it.
    focus, keys
        What has the focus, and what is pressed then.
    says
        Script for what has to change.
    drawn
        Whether the map or the section changes with it.
    only
        Of which of several pages; empty of all.
    small
        Whether it may be lower than a finger, as what is a picture.
    """

    at: str
    focus: str
    keys: tuple[str, ...]
    says: str
    part: tuple[float, float] = (0.5, 0.5)
    drawn: bool = True
    only: str = ""
    small: bool = False


def touch(page, client, control):
    """Tap a part of it with a finger; a slider is pulled, and what is written comes from keys on the screen."""
    place = page.locator(control.at).first
    place.scroll_into_view_if_needed()
    box = place.bounding_box()
    assert control.small or box["height"] >= FINGER_PX, control.at
    x, y = box["x"] + control.part[0] * box["width"], box["y"] + control.part[1] * box["height"]
    kind = place.evaluate("(one) => one.tagName === 'INPUT' ? one.type : one.tagName")
    if kind == "range":
        client.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": x - 30, "y": y}]})
        client.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [{"x": x, "y": y}]})
        client.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
        return
    page.touchscreen.tap(x, y)
    if kind == "text":
        page.keyboard.insert_text("".join(control.keys))
    elif kind == "SELECT":  # its list is the system's own, and no part of the page
        place.select_option(index=place.evaluate("(one) => (one.selectedIndex + 1) % one.options.length"))


def press(page, control):
    """Press its keys."""
    page.locator(control.focus).first.focus()
    for key in control.keys:
        page.keyboard.press(key)


def use(page, client, control, how):
    """Use it in a way, and wait till what it has to change has changed."""
    before = page.evaluate(control.says)
    if how == "finger":
        touch(page, client, control)
    else:
        press(page, control)
    page.wait_for_function(f"(before) => ({control.says}) !== before", arg=before, timeout=30_000)


def unknown(page, controls, where="body"):
    """Whatever on a page can be used, and stands in no row of the table."""
    return page.evaluate(
        """([known, where]) => {
          const all = document.querySelectorAll(
            ["a[href]", "button", "input", "select", "summary"].map((one) => `${where} ${one}`).join());
          return [...all].filter((one) => !known.some((selector) => one.matches(selector)
            || (one.parentElement && one.parentElement.matches(selector))))
            .map((one) => one.outerHTML.slice(0, 90));
        }""",
        [[part for one in controls for part in (one.at, one.focus)], where],
    )
