"""Sentences of the program for translators: what they are, and catalogues brought up to date with them.

``python -m benchmarks.catalogues`` says how much of each language is translated; ``--write`` brings
``dualsense.pot`` and every ``.po`` up to date: translations are kept, new sentences come without one, and what is
said no more is left out. ``--new CODE`` begins another language. Nothing is built from the files: they are read as
they are.
"""

from __future__ import annotations

import argparse
import ast
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from dualsense.language._catalogue import _entries

if TYPE_CHECKING:
    from collections.abc import Iterator

SOURCE = Path(__file__).parents[1] / "src" / "dualsense"
FOLDER = SOURCE / "language" / "catalogues"
TEMPLATE = FOLDER / "dualsense.pot"
SPEAKING = {"say", "unfilled", "in_english", "say_count"}
HEADER = """# Sentences of dualsense in {language}.
# Translated by machine and reviewed by nobody so far: X-Reviewed says so, and the program tells it to its reader.
# Never translate anything into a word for "safe" or "clear": docs/translating.md.
msgid ""
msgstr ""
"Language: {code}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=UTF-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Plural-Forms: nplurals=2; plural=(n != 1);\\n"
"X-Name: {language}\\n"
"X-Direction: ltr\\n"
"X-Decimal: .\\n"
"X-Reviewed: no\\n"
"""


@dataclass
class Sentence:
    """What is said in English, and what a translator wants to know of it."""

    one: str
    many: str = ""
    places: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def sentences() -> list[Sentence]:
    """All sentences, those of the page first, then verdicts and faults, then what stands in the code."""
    found: dict[str, Sentence] = {}
    for place, one, many, note in (*_in_tables(), *_in_calls()):
        sentence = found.setdefault(one, Sentence(one, many))
        if place not in sentence.places:
            sentence.places.append(place)
        if note and note not in sentence.notes:
            sentence.notes.append(note)
    return list(found.values())


def _in_tables() -> Iterator[tuple[str, str, str, str]]:
    from dualsense.app._words import SENTENCES as VIEWER
    from dualsense.batch._words import SENTENCES as BATCH
    from dualsense.cli._console import COMPILING
    from dualsense.faults import KINDS
    from dualsense.language import CAUSES, NOT_REVIEWED
    from dualsense.render import _targets, _words
    from dualsense.render._report.pages import PAGE_SENTENCES
    from dualsense.render._report.sentences import SENTENCES
    from dualsense.scan import SENSOR_NAMES
    from dualsense.site._words import SENTENCES as SITE

    yield from (
        ("render/_report/sentences.py", text, "", f"of the page: {name}") for name, text in SENTENCES.items()
    )
    yield from (
        ("render/_report/pages.py", text, "", f"of all pages: {name}") for name, text in PAGE_SENTENCES.items()
    )
    yield from (("app/_words.py", text, "", f"of viewer and training: {name}") for name, text in VIEWER.items())
    yield from (("batch/_words.py", text, "", f"of the page over a batch: {name}") for name, text in BATCH.items())
    yield from (("site/_words.py", text, "", f"of the map of a site: {name}") for name, text in SITE.items())
    why = "why something failed, after the name of a file and a colon"
    yield from (("language/_causes.py", text, "", why) for text in CAUSES)
    for text in (_words.ADVICE, _words.SIMULATED):
        yield "render/_words.py", text, "", ""
    yield "language/_speaking.py", NOT_REVIEWED, "", ""
    yield "cli/_console.py", COMPILING, "", ""
    for call, (one, many) in _words.COUNTED.items():
        yield "render/_words.py", one, many, f"so many targets with the call {call}"
    for text in _words.UNTOLD.values():
        yield (
            "render/_words.py",
            text,
            "",
            "keep the long dash with its spaces: what is before it stands in pictures",
        )
    for text in _targets.CALL_NAMES.values():
        yield "render/_targets.py", text, "", "a call: what is thought of a target"
    for _, text in _targets.CHANCES:
        yield "render/_targets.py", text, "", ""
    yield from _of_engineers()
    for text in SENSOR_NAMES.values():
        yield "scan.py", text, "", ""
    for kind in KINDS.values():
        yield (
            "faults",
            kind.wording,
            "",
            f"fault {kind.code}, after the sensor's name and a colon: {kind.meaning}",
        )


def _of_engineers() -> Iterator[tuple[str, str, str, str]]:
    """Tables of what verdicts, evaluations, comparisons and sweeps say."""
    from dualsense.evaluate._figures import LOOK
    from dualsense.evaluate._report import FAILED, GROUPS, HEADS, SENSORS
    from dualsense.render._figures.radargram import ATTRIBUTES
    from dualsense.verdict import _words as verdict
    from dualsense.workbench._sweep_files import METRICS

    names = [(text, unit) for text, _, unit in verdict.NAMES.values()]
    tables = (
        ("verdict/_words.py", verdict.SAID.values(), "of a sweep"),
        ("verdict/_words.py", verdict.GRADES.values(), "a grade"),
        ("verdict/_words.py", [text for text, _ in names], "what is held against a limit"),
        ("verdict/_words.py", [unit for _, unit in names], "a unit"),
        ("verdict/_words.py", verdict.WHY.values(), "why ground has to be swept again"),
        ("evaluate/_figures.py", [text for text, _, _ in LOOK.values()], "of a curve"),
        ("evaluate/_report.py", HEADS, "head of a column: keep it short"),
        ("evaluate/_report.py", GROUPS.values(), "mines in groups of it"),
        ("evaluate/_report.py", FAILED, "what could not be scored"),
        ("evaluate/_report.py", (*SENSORS.values(), "mines", "other objects"), "of a table"),
        ("render/_figures/radargram.py", ATTRIBUTES.values(), "what a radargram shows"),
        ("workbench/_sweep_files.py", METRICS.values(), "what settings are judged by"),
        ("workbench/_told.py", ("none", "targets", "images", "coverage", "faults"), "of a comparison"),
    )
    for place, texts, note in tables:
        yield from ((place, text, "", note) for text in texts)


def _in_calls() -> Iterator[tuple[str, str, str, str]]:
    for path in sorted(SOURCE.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        if "dualsense.language" not in text:
            continue
        place = path.relative_to(SOURCE).as_posix()
        calls = [
            node
            for node in ast.walk(ast.parse(text))
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in SPEAKING and node.args
        ]
        for call in sorted(calls, key=lambda node: (node.lineno, node.col_offset)):
            yield from _called(call, place)


def _called(call: ast.Call, place: str) -> Iterator[tuple[str, str, str, str]]:
    """What a call says, where that is written there; what it takes from a table is told by the table."""
    if call.func.id == "say_count":
        texts = [argument.value for argument in call.args if isinstance(argument, ast.Constant)]
        if len(texts) == 2:
            yield place, texts[0], texts[1], ""
        return
    given = call.args[0]
    for part in (given.body, given.orelse) if isinstance(given, ast.IfExp) else (given,):
        if isinstance(part, ast.Constant):
            yield place, part.value, "", ""


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def entry(sentence: Sentence, forms: tuple[str, ...]) -> str:
    """Text of a sentence in a catalogue."""
    lines = [f"#. {note}" for note in sentence.notes]
    lines += [f"#: {' '.join(sentence.places)}"]
    lines += ["#, python-brace-format"] if "{" in sentence.one else []
    lines += [f"msgid {_quoted(sentence.one)}"]
    if sentence.many:
        lines += [f"msgid_plural {_quoted(sentence.many)}"]
        lines += [f"msgstr[{n}] {_quoted(form)}" for n, form in enumerate(forms or ("", ""))]
    else:
        lines += [f"msgstr {_quoted(forms[0] if forms else '')}"]
    return "\n".join(lines)


def catalogue_text(head: str, known: dict[str, tuple[str, ...]]) -> str:
    """Text of a catalogue: its head as it is, then every sentence with what is known of it."""
    return "\n\n".join([head.strip(), *(entry(one, known.get(one.one, ())) for one in sentences())]) + "\n"


def updated(text: str) -> str:
    """Text of a catalogue, brought up to date."""
    head = re.split(r"\n\s*\n", text)[0]
    return catalogue_text(head, {key: forms for key, forms in _entries(text) if key})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true", help="bring the files up to date")
    parser.add_argument("--new", metavar="CODE", help="begin the catalogue of another language")
    given = parser.parse_args()
    if given.new:
        path = FOLDER / f"{given.new}.po"
        path.write_text(catalogue_text(HEADER.format(code=given.new, language=given.new), {}), encoding="utf-8")
    if given.write:
        FOLDER.mkdir(exist_ok=True)
        TEMPLATE.write_text(catalogue_text(HEADER.format(code="", language=""), {}), encoding="utf-8")
    every = [one.one for one in sentences()]
    for path in sorted(FOLDER.glob("*.po")):
        text = path.read_text(encoding="utf-8")
        if given.write:
            path.write_text(text := updated(text), encoding="utf-8")
        known = {key for key, forms in _entries(text) if all(forms)}
        print(f"{path.stem}: {len(known & set(every))} of {len(every)} sentences translated")


if __name__ == "__main__":
    main()
