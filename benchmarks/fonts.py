"""Letters that the report brings along: small parts of Noto's fonts, for screens that have none for a script.

``python -m benchmarks.fonts DIR...`` looks for Noto's files in folders, such as those of Debian's packages
fonts-noto-core and fonts-noto-cjk, and writes ``render/assets/fonts/page/*.woff2``. Of small scripts everything is
kept, so that names of places can be read as well; of Japanese the letters of the catalogue, and all kana. The same
fonts give the same bytes. Needs fonttools and brotli (the extra ``fonts``).

Without folders it only joins the Arabic and Latin letters that are there to one font for pictures,
``render/assets/fonts/arabic-latin.woff2``: a line of Arabic with numbers and names in it runs both ways, and what
orders its letters must see all of them in one font.
"""

from __future__ import annotations

import argparse
import io
import tempfile
from pathlib import Path

from dualsense.language import catalogue, languages

ASSETS = Path(__file__).parents[1] / "src" / "dualsense" / "render" / "assets" / "fonts" / "page"
LATIN = (
    "".join(map(chr, (*range(0x20, 0x7F), *range(0xA0, 0x180)))) + "επᵣ–—…·×±−⁰¹²³⁴⁵⁶⁷⁸⁹⁻\u2018\u2019\u201c\u201d"
)
CYRILLIC = "".join(map(chr, range(0x400, 0x500)))
KANA = "".join(map(chr, (*range(0x3000, 0x3100), *range(0xFF00, 0xFF61)))) + "−"
SOURCES = {
    "latin": ("NotoSans-Regular.ttf", 0, LATIN + CYRILLIC),
    "khmer": ("NotoSansKhmer-Regular.ttf", 0, "".join(map(chr, (*range(0x1780, 0x1800), *range(0x19E0, 0x1A00))))),
    "lao": ("NotoSansLao-Regular.ttf", 0, "".join(map(chr, range(0x0E80, 0x0F00)))),
    "arabic": ("NotoSansArabic-Regular.ttf", 0, "".join(map(chr, range(0x600, 0x700)))),
    "japanese": ("NotoSansCJK-Regular.ttc", 0, KANA),
}
JOINERS = "\u200b\u200c\u200d\u25cc"


def letters(code: str) -> str:
    """All letters that a language's catalogue holds."""
    known = catalogue(code)
    return "".join(sorted({letter for forms in known.sentences.values() for form in forms for letter in form}))


def subset(path: Path, number: int, text: str) -> tuple[bytes, list[int]]:
    """Part of a font that draws a text, as WOFF2, and the letters that it has of it."""
    from fontTools import subset as fonts

    options = fonts.Options(
        flavor="woff2", layout_features=["*"], hinting=False, desubroutinize=True, font_number=number,
        name_IDs=[0, 1, 2, 3, 4, 5, 6, 13, 14], notdef_outline=True, recalc_timestamp=False,
    )  # fmt: skip
    font = fonts.load_font(str(path), options)
    known = font.getBestCmap()
    maker = fonts.Subsetter(options)
    maker.populate(text=text + JOINERS)
    maker.subset(font)
    out = io.BytesIO()
    fonts.save_font(font, out, options)
    return out.getvalue(), sorted(
        ord(letter) for letter in set(text) if ord(letter) in known and ord(letter) > 0x20
    )


def joined(paths: list[Path]) -> bytes:
    """Join the letters of several fonts to one, as WOFF2, without the dates of the joining."""
    from fontTools import merge, ttLib

    with tempfile.TemporaryDirectory() as folder:
        plain = []
        for path in paths:
            font = ttLib.TTFont(path, recalcTimestamp=False)
            font.flavor = None
            plain.append(str(Path(folder) / f"{path.stem}.ttf"))
            font.save(plain[-1])
        whole = merge.Merger().merge(plain)
    whole.recalcTimestamp = False
    whole["head"].modified = whole["head"].created = ttLib.TTFont(paths[0])["head"].created
    whole.flavor = "woff2"
    out = io.BytesIO()
    whole.save(out)
    return out.getvalue()


def join_arabic() -> None:
    """Write the font of pictures in Arabic, and which letters it has."""
    from fontTools import ttLib

    content = joined([ASSETS / "arabic.woff2", ASSETS / "latin.woff2"])
    points = sorted(n for n in ttLib.TTFont(io.BytesIO(content)).getBestCmap() if n > 0x20)
    (ASSETS.parent / "arabic-latin.woff2").write_bytes(content)
    (ASSETS.parent / "arabic-latin.range").write_text(ranges(points) + "\n", encoding="ascii")
    print(f"arabic-latin: {len(points)} letters, {len(content)} bytes")


def ranges(points: list[int]) -> str:
    """Letters as CSS writes them in ``unicode-range``."""
    parts: list[list[int]] = []
    for point in points:
        if parts and point == parts[-1][1] + 1:
            parts[-1][1] = point
        else:
            parts.append([point, point])
    return ",".join(f"U+{low:X}" if low == high else f"U+{low:X}-{high:X}" for low, high in parts)


def found(folders: list[Path], name: str) -> Path:
    """Path of a font in one of some folders, or what is within them."""
    for folder in folders:
        for path in sorted(folder.rglob(name)):
            return path
    msg = f"{name} is in none of {', '.join(map(str, folders))}"
    raise SystemExit(msg)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="*", type=Path, help="where Noto's files are")
    given = parser.parse_args()
    if not given.folders:
        join_arabic()
        return
    ASSETS.mkdir(parents=True, exist_ok=True)
    said = "".join(letters(code) for code in languages())
    for name, (file, number, text) in SOURCES.items():
        wanted = text + "".join(letter for letter in said if letter >= "\u2e80") if name == "japanese" else text
        content, points = subset(found(given.folders, file), number, "".join(sorted(set(wanted))))
        (ASSETS / f"{name}.woff2").write_bytes(content)
        (ASSETS / f"{name}.range").write_text(ranges(points) + "\n", encoding="ascii")
        print(f"{name}: {len(points)} letters, {len(content)} bytes")
    join_arabic()


if __name__ == "__main__":
    main()
