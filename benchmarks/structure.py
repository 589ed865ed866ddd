"""The plan of the house, read from the imports: modules, lines, longest functions, and who imports whom.

``python -m benchmarks.structure`` prints the table of docs/architecture.md; ``--source DIR`` measures another
revision's package, ``--plan FILE.svg`` draws the rooms on their floors.
"""

from __future__ import annotations

import argparse
import ast
import re
import sys
import tomllib
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

ROOT = Path(__file__).parents[1]
PACKAGE = "dualsense"
INDEX_LINE = re.compile(r"^(\w+(?:, \w+)*)(?:\s{2,}(\S.*))?$")  # of a door's docstring: names and what they do


@dataclass(frozen=True)
class Function:
    """A function or method of a module; ``lines`` leaves its docstring and decorators out."""

    name: str
    lines: int
    arguments: int


@dataclass(frozen=True)
class Module:
    """A source file."""

    name: str
    path: Path
    lines: int
    functions: tuple[Function, ...]
    tree: ast.Module

    @property
    def room(self) -> str:
        """The folder or file under the package that holds it; the package's own name for its ``__init__``."""
        parts = self.name.split(".")
        return parts[1] if len(parts) > 1 else parts[0]

    @property
    def alcove(self) -> str:
        """The folder inside the room that holds it, or nothing."""
        parts = self.name.split(".")
        deep = 3 if self.path.name == "__init__.py" else 4
        return parts[2] if len(parts) >= deep else ""


def _length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    first = node.body[0]
    docstring = ast.get_docstring(node, clean=False) is not None
    taken = (first.end_lineno or 0) - first.lineno + 1 if docstring else 0
    return (node.end_lineno or 0) - node.lineno + 1 - taken


def _arguments(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    given = node.args
    named = [a.arg for a in (*given.posonlyargs, *given.args, *given.kwonlyargs)]
    return len([name for name in named if name not in {"self", "cls"}])


def _functions(tree: ast.AST) -> Iterator[Function]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield Function(node.name, _length(node), _arguments(node))


def read_modules(source: Path) -> dict[str, Module]:
    """Every module of the package in ``source`` (the folder of its ``__init__.py``), by its dotted name."""
    found = {}
    for path in sorted(source.rglob("*.py")):
        parts = path.relative_to(source).with_suffix("").parts
        name = ".".join((PACKAGE, *(parts[:-1] if parts[-1] == "__init__" else parts)))
        text = path.read_text(encoding="utf-8")
        tree = ast.parse(text)
        found[name] = Module(name, path, len(text.splitlines()), tuple(_functions(tree)), tree)
    return found


@dataclass(frozen=True)
class House:
    """The modules of the package and what leads from one to another."""

    modules: Mapping[str, Module]

    @classmethod
    def of(cls, source: Path) -> House:
        """The package whose folder is ``source``."""
        return cls(read_modules(source))

    @cached_property
    def doors(self) -> dict[str, dict[str, str]]:
        """Of each room with a door: its public names, and the module behind the door that holds each."""
        found = {}
        for name, module in self.modules.items():
            stub = module.path.with_suffix(".pyi")
            if module.path.name == "__init__.py" and stub.exists():
                found[name] = dict(self._shown(name, ast.parse(stub.read_text(encoding="utf-8"))))
        return found

    def _shown(self, package: str, stub: ast.Module) -> Iterator[tuple[str, str]]:
        for node in ast.walk(stub):
            if isinstance(node, ast.ImportFrom):
                base = _absolute(node, package)
                for alias in node.names:
                    inner = f"{base}.{alias.name}"
                    yield alias.asname or alias.name, inner if inner in self.modules else base

    def index(self, door: str) -> list[tuple[str, list[tuple[str, str]]]]:
        """Topics of a door's docstring, each with its names and what is said of them."""
        return door_topics(ast.get_docstring(self.modules[door].tree) or "")[1]

    def _through(self, module: str, name: str, seen: tuple[str, ...] = ()) -> str:
        """The module that holds ``name``, which is imported from ``module``, whatever doors lie between."""
        inner = f"{module}.{name}"
        if inner in self.modules:
            return inner
        home = self.doors.get(module, {}).get(name)
        if home is None or home in seen:
            return module
        return self._through(home, name, (*seen, home)) if home in self.doors else home

    @cached_property
    def imports(self) -> dict[str, frozenset[str]]:
        """Which modules each one imports: at its top, within functions, and for type checkers alike.

        What comes through a door counts as an import of the door and of the module behind it; what a door's stub
        shows is no import of the door's.
        """
        return {name: frozenset(self._imported(module)) - {name} for name, module in self.modules.items()}

    def _imported(self, module: Module) -> Iterator[str]:
        doors: dict[str, str] = {}  # local name to the door that it stands for
        for base, name, local in _statements(module):
            home = self._through(base, name) if name else base
            if home in self.modules:
                yield home
            if base in self.doors and base != PACKAGE:
                yield base
            if home in self.doors:
                doors[local] = home
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Attribute) and (door := doors.get(ast.unparse(node.value))):
                yield self._through(door, node.attr)

    @cached_property
    def written(self) -> dict[str, frozenset[str]]:
        """Which modules each one names in its import statements: of what comes through a door, the door."""
        found = {}
        for name, module in self.modules.items():
            named = {
                f"{base}.{what}" if f"{base}.{what}" in self.modules else base
                for base, what, _ in _statements(module)
            }
            found[name] = frozenset(named & self.modules.keys())
        return found

    def circles(self) -> list[tuple[str, ...]]:
        """Groups of modules that reach each other, each sorted."""
        return sorted(tuple(sorted(group)) for group in _knots(self.imports) if len(group) > 1)

    def between_rooms(self) -> dict[str, frozenset[str]]:
        """Which rooms each room imports, the package's own ``__init__`` left out."""
        found: dict[str, set[str]] = {m.room: set() for m in self.modules.values() if m.name != PACKAGE}
        for name, imported in self.imports.items():
            here = self.modules[name].room
            if here in found:
                found[here].update(self.modules[other].room for other in imported)
        return {room: frozenset(others & found.keys() - {room}) for room, others in found.items()}

    def reached(self, starts: Iterable[str]) -> set[str]:
        """What can be come to from ``starts`` by imports, and the packages that hold it."""
        seen: set[str] = set()
        ahead = [name for name in starts if name in self.modules]
        while ahead:
            name = ahead.pop()
            if name not in seen:
                seen.add(name)
                ahead += self.imports[name]
                if (above := name.rpartition(".")[0]) in self.modules:
                    seen.add(above)
        return seen

    def public(self) -> set[str]:
        """Modules that hold a name that some door shows."""
        return {self._through(door, name) for door, names in self.doors.items() for name in names}


def door_topics(docstring: str) -> tuple[str, list[tuple[str, list[tuple[str, str]]]]]:
    """What a door's docstring says before its index, and the index: topics, each with names and their words."""
    lines = docstring.splitlines()
    heads = [i for i, line in enumerate(lines[:-1]) if line and lines[i + 1] and set(lines[i + 1]) == {"-"}]
    topics = []
    for start, stop in pairwise([*heads, len(lines)]):
        entries: list[tuple[str, str]] = []
        for line in lines[start + 2 : stop]:
            if found := INDEX_LINE.match(line):
                entries += [(name, found[2] or "") for name in found[1].split(", ")]
                together = len(found[1].split(", "))
            elif line.startswith(" ") and entries:
                entries[-together:] = [
                    (name, f"{words} {line.strip()}".strip()) for name, words in entries[-together:]
                ]
        topics.append((lines[start], entries))
    return "\n".join(lines[: heads[0]] if heads else lines).strip(), topics


def _statements(module: Module) -> Iterator[tuple[str, str, str]]:
    """Of each import: the absolute name of the module, what is taken from it, and what it is called here."""
    package = module.name if module.path.name == "__init__.py" else module.name.rpartition(".")[0]
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, "", alias.asname or alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(node, package)
            yield from ((base, alias.name, alias.asname or alias.name) for alias in node.names)


def _absolute(node: ast.ImportFrom, package: str) -> str:
    if not node.level:
        return node.module or ""
    base = package.split(".")[: len(package.split(".")) - node.level + 1]
    return ".".join([*base, *([node.module] if node.module else [])])


def _knots(graph: Mapping[str, Iterable[str]]) -> Iterator[list[str]]:
    """Strongly connected groups, by Tarjan's search without recursion."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    path: list[str] = []
    for start in graph:
        ahead = [(start, iter(sorted(graph[start])))] if start not in index else []
        while ahead:
            node, rest = ahead[-1]
            if node not in index:
                index[node] = low[node] = len(index)
                path.append(node)
            for other in rest:
                if other not in index:
                    ahead.append((other, iter(sorted(graph[other]))))
                    break
                if other in path:
                    low[node] = min(low[node], index[other])
            else:
                ahead.pop()
                if ahead:
                    low[ahead[-1][0]] = min(low[ahead[-1][0]], low[node])
                if low[node] == index[node]:
                    at = path.index(node)
                    yield path[at:]
                    del path[at:]


def read_floors(pyproject: Path = ROOT / "pyproject.toml") -> list[list[str]]:
    """The rooms of each layer of the import contract, from the top floor down."""
    linter = tomllib.loads(pyproject.read_text(encoding="utf-8"))["tool"]["importlinter"]
    layers = next(contract["layers"] for contract in linter["contracts"] if contract["type"] == "layers")
    return [[part.strip("() ") for part in layer.replace(":", "|").split("|")] for layer in layers]


@dataclass(frozen=True)
class Measure:
    """What the table says of a room, or of the whole package."""

    name: str
    modules: int
    lines: int
    longest_module: str
    longest_function: str
    most_arguments: str


def measure(name: str, modules: Iterable[Module]) -> Measure:
    """Counts and extremes over some modules."""
    held = list(modules)
    functions = [(function, module) for module in held for function in module.functions]
    module = max(held, key=lambda m: m.lines)
    longest = max(functions, key=lambda pair: pair[0].lines, default=None)
    widest = max(functions, key=lambda pair: pair[0].arguments, default=None)
    return Measure(
        name,
        len(held),
        sum(m.lines for m in held),
        f"{module.lines} ({_short(module)})",
        f"{longest[0].lines} ({longest[0].name})" if longest else "–",
        f"{widest[0].arguments} ({widest[0].name})" if widest else "–",
    )


def _short(module: Module) -> str:
    return module.name.removeprefix(f"{PACKAGE}.") if module.name != PACKAGE else "__init__"


def table(house: House) -> str:
    """Modules, lines, longest module, function and argument list of each room and of the whole, in Markdown."""
    folders: dict[str, list[Module]] = {}
    for module in house.modules.values():
        held = module.room if module.path.parent.name != PACKAGE else "root"
        folders.setdefault(held, []).append(module)
    rows = [measure(room, held) for room, held in sorted(folders.items())]
    rows.append(measure("**all**", house.modules.values()))
    heads = ("room", "modules", "lines", "longest module", "longest function", "longest argument list")
    lines = [heads, ("---",) * len(heads)]
    for row in rows:
        most = (row.longest_module, row.longest_function, row.most_arguments)
        lines.append((row.name, str(row.modules), f"{row.lines:,}", *most))
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def main() -> int:
    """Print the table; draw the plan where it is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--source", type=Path, default=ROOT / "src" / PACKAGE, help="folder of the package")
    parser.add_argument("--plan", type=Path, help="write the drawing here, as SVG")
    options = parser.parse_args()
    house = House.of(options.source)
    print(table(house))
    for circle in house.circles():
        print(f"circle: {' '.join(circle)}")
    if options.plan:
        from benchmarks.plan import draw

        options.plan.write_text(draw(house, read_floors()) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
