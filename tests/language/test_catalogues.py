"""The catalogues: complete, true to their placeholders, and never a word of comfort in any language."""

from __future__ import annotations

import re
import unicodedata
from importlib.resources import files
from string import Formatter

import pytest

from dualsense.errors import UsageError
from dualsense.language import (
    again,
    again_cause,
    catalogue,
    chosen,
    in_english,
    languages,
    number,
    say,
    say_count,
    speaking,
    spoken,
)
from dualsense.language._catalogue import FOLDER, parsed
from dualsense.render._words import UNTOLD

OTHERS = languages()[1:]
ISOLATES = "\u2066\u2067\u2068\u2069"
# No sentence calls ground or a target safe or cleared, or a mine absent; "free of" stands in none either.
FORBIDDEN = {
    "ar": "آمن|أمان|سليم|نظيف|خالي?ة? من|مُ?طهّ?ر|لا توجد ألغام",
    "es": r"\bsegur[oa]s?\b|salvo|despejad|\blimpi[oa]s?\b|\blibres? de|inofensiv|sin (peligro|minas)|desminad",
    "fr": r"\bsûre?s?\b|sécuri|sans danger|dégagé|\bpropres?\b|inoffensi|\blibres? de|sans mine|déminé",
    "ja": "安全|安心|無害|除去済|クリア|危険はな|地雷はな|地雷なし",
    "km": "សុវត្ថិភាព|គ្មានគ្រោះថ្នាក់|ជម្រះ|ស្អាត|គ្មានមីន",
    "lo": "ປອດໄພ|ບໍ່ມີອັນຕະລາຍ|ເກັບກູ້ແລ້ວ|ສະອາດ|ບໍ່ມີລະເບີດ|ບໍ່ມີກັບລະເບີດ",
    "pt": r"\bsegur[oa]s?\b|salvo|desobstruíd|\blimp[oa]s?\b|\blivres? de|inofensiv|sem (perigo|minas)|desminad",
    "uk": r"безпе(?!чн\w+ інтервал)|чист[аийе]\b|очищен|розмінован|нешкідлив|вільн\w+ від|без мін\b|мін немає",
}
NEVER = re.compile(r"\b(safe|safely|clear|cleared|clearance|harmless)\b", re.IGNORECASE)


def fields(text):
    return sorted((name, spec, how) for _, name, spec, how in Formatter().parse(text) if name is not None)


@pytest.fixture(scope="module")
def catalogues():
    return pytest.importorskip("benchmarks.catalogues", reason="run from the project's folder")


@pytest.fixture(scope="module")
def sentences(catalogues):
    return catalogues.sentences()


def test_the_languages_are_those_promised():
    assert set(OTHERS) <= set(FORBIDDEN), "a language needs its list of forbidden words"
    assert languages()[0] == "en"


@pytest.mark.parametrize("code", OTHERS)
def test_placeholders_of_translations_are_those_of_the_sentence(code, sentences):
    known, form = catalogue(code).sentences, catalogue(code).form
    numbers = range(200)
    for sentence in sentences:
        forms = known.get(sentence.one, ())
        if sentence.many and forms:
            assert len(forms) == 1 + max(map(form, numbers))
            for n, text in enumerate(forms):
                alone = [number for number in numbers if form(number) == n]
                needed = fields(sentence.many) if len(alone) > 1 else []
                assert set(needed) <= set(fields(text)) <= set(fields(sentence.many)), f"{code}: {text}"
        elif forms:
            assert len(forms) == 1
            assert fields(forms[0]) == fields(sentence.one), f"{code}: {sentence.one}"


@pytest.mark.parametrize("code", OTHERS)
def test_nearly_every_sentence_is_translated(code, sentences):
    """New sentences may wait for a translator, in English; the catalogue as a whole may not."""
    missing = [one.one for one in sentences if one.one not in catalogue(code).sentences]
    assert len(missing) <= 0.05 * len(sentences), missing


def test_bringing_files_up_to_date_keeps_every_translation(catalogues, sentences):
    said = {one.one for one in sentences}
    for code in OTHERS:
        text = (catalogues.FOLDER / f"{code}.po").read_text(encoding="utf-8")
        renewed = parsed(code, catalogues.updated(text))
        kept = {one: forms for one, forms in catalogue(code).sentences.items() if one in said}
        assert dict(renewed.sentences) == kept
        assert (renewed.name, renewed.direction) == (catalogue(code).name, catalogue(code).direction)


@pytest.mark.parametrize("code", OTHERS)
def test_the_report_brings_every_letter(code):
    """None is a box on a system without fonts: made anew by `python -m benchmarks.fonts`."""
    folder = files("dualsense.render") / "assets" / "fonts" / "page"
    held = set()
    for entry in folder.iterdir():
        if entry.name.endswith(".range"):
            for part in entry.read_text(encoding="ascii").split(","):
                low, _, high = part.strip().removeprefix("U+").partition("-")
                held |= set(range(int(low, 16), int(high or low, 16) + 1))
    said = {letter for forms in catalogue(code).sentences.values() for form in forms for letter in form}
    shown = {letter for letter in said if unicodedata.category(letter) not in {"Cf", "Cc", "Zs"}}
    assert sorted(letter for letter in shown if ord(letter) not in held) == []


@pytest.mark.parametrize("code", OTHERS)
def test_no_language_comforts(code):
    pattern = re.compile(FORBIDDEN[code], re.IGNORECASE)
    said = [form for forms in catalogue(code).sentences.values() for form in forms]
    assert [form for form in said if pattern.search(form) or NEVER.search(form)] == []


@pytest.mark.parametrize(
    ("code", "rubbish"),
    (
        ("ar", "خرد"),
        ("es", "chatarra|basura"),
        ("fr", "débris|déchet|ferraille"),
        ("ja", "雑物|ごみ|ゴミ"),
        ("km", "កំទេចកំទី|សំរាម"),
        ("lo", "ເສດເຫຼືອ|ຂີ້ເຫຍື້ອ"),
        ("pt", "sucata|lixo"),
        ("uk", "сміт|брухт"),
    ),
)
def test_clutter_is_another_object_and_no_rubbish(code, rubbish):
    """Rocks and roots are clutter, too, and rubbish sounds as if it may be left."""
    told = {one: " ".join(forms) for one, forms in catalogue(code).sentences.items() if "clutter" in one}
    assert len(told) >= 4
    assert [text for text in told.values() if re.search(rubbish, text)] == []


def test_english_does_not_comfort(sentences):
    assert [one.one for one in sentences if NEVER.search(one.one)] == []


@pytest.mark.parametrize("code", OTHERS)
def test_what_pictures_show_of_a_missing_sensor_stands_before_the_dash(code):
    for sentence in UNTOLD.values():
        assert all(form.count(" — ") == 1 for form in catalogue(code).sentences[sentence]), sentence


def test_numbers_with_deviations_run_from_left_to_right_among_words_that_do_not():
    for sentence, forms in catalogue("ar").sentences.items():
        for form in forms:
            assert form.count("\u2069") == sum(map(form.count, ISOLATES[:3])), sentence
            for part in re.sub("[\u2066\u2068].*?\u2069", "", form).split("±")[1:]:
                pytest.fail(f"{sentence}: ± {part} stands outside of an isolate")


@pytest.mark.parametrize("code", OTHERS)
def test_translations_hold_no_stray_letters(code):
    for sentence, forms in catalogue(code).sentences.items():
        for form in forms:
            assert form == unicodedata.normalize("NFC", form) or code in {"ar", "km", "lo"}, sentence
            bad = [f"U+{ord(letter):X}" for letter in form if unicodedata.category(letter) in {"Cc", "Co", "Cn"}]
            assert set(bad) <= {"U+A"}, f"{sentence}: {bad}"


def test_machine_translations_are_marked():
    assert not any(catalogue(code).reviewed for code in OTHERS)


def test_english_is_as_it_was():
    assert spoken() == "en"
    assert say("{value:.1f} ± {spread:.1f} cm", value=1.25, spread=0.5) == "1.2 ± 0.5 cm"
    assert say_count("{count} place to dig.", "{count} places to dig.", count=1) == "1 place to dig."
    assert say_count("{count} place to dig.", "{count} places to dig.", count=0) == "0 places to dig."
    assert number("1.5") == "1.5"
    assert again("no metal found") == "no metal found"


def test_a_language_writes_numbers_and_counts_as_it_does():
    with speaking("es"):
        assert say("{value:.1f} ± {spread:.1f} cm", value=1.25, spread=0.5) == "1,2 ± 0,5 cm"
        assert say_count("{count} place to dig.", "{count} places to dig.", count=2) == "2 lugares que excavar."
        assert number("0.9, 12") == "0,9, 12"
    with speaking("ar"):
        forms = [say_count("{count} place to dig.", "{count} places to dig.", count=n) for n in (1, 2, 3, 11, 100)]
    assert len(set(forms)) == 5
    assert spoken() == "en"


def test_what_was_written_in_english_is_said_again():
    amount = in_english("some metal, like a cartridge case")
    depth = in_english("somewhere {low:.0f} to {high:.0f} cm deep", low=3, high=12)
    with speaking("es"):
        assert (
            again(f"{amount}, {depth}")
            == "algo de metal, como un casquillo, en algún punto entre 3 y 12 cm de profundidad"
        )
        assert again("radar: not recorded — this ground is not assessable by it").startswith(
            "radar: no grabado — "
        )
        assert (
            again("the band is narrow; more bodies than are listed")
            == "la banda es estrecha; más cuerpos de los que se listan"
        )
        assert again("what nobody ever translated 7 times") == "what nobody ever translated 7 times"
        assert again("metal response compact") == "metal response compact", (
            "not what a short sentence fits by chance"
        )


def test_reasons_are_known_in_every_language(sentences):
    """Each reason that targets are given is known again with its numbers, in every language."""
    templates = [one for one in sentences if "fusion/_reasons.py" in one.places and one.one != "{amount}, {depth}"]
    assert len(templates) > 15
    for code in OTHERS:
        for template in templates:
            english = template.one.format(low=1.0, high=7.0, depth=3.0, size=12.0)
            with speaking(code):
                assert again(english) == say(template.one, low=1.0, high=7.0, depth=3.0, size=12.0)


def test_what_is_not_translated_stays_english():
    text = 'msgid ""\nmsgstr "X-Name: Test\\n"\n\nmsgid "one"\nmsgstr ""\n\n#, fuzzy\nmsgid "two"\nmsgstr "deux"\n'
    assert parsed("xx", text).sentences == {}
    assert parsed("xx", text).name == "Test"
    assert not parsed("xx", text).reviewed


def test_catalogues_are_read_as_gettext_reads_them(catalogues):
    """Another reader, where there is one, finds the same sentences."""
    babel = pytest.importorskip("babel.messages.pofile", reason="needs babel")
    for code in OTHERS:
        with (catalogues.FOLDER / f"{code}.po").open("rb") as file:
            read = babel.read_po(file)
        for message in read:
            if message.id:
                one = message.id[0] if isinstance(message.id, tuple) else message.id
                forms = message.string if isinstance(message.string, tuple) else (message.string,)
                assert catalogue(code).sentences.get(one, ("",)) == (forms if all(forms) else ("",))
        assert read.num_plurals == 1 + max(catalogue(code).form(count) for count in range(200))


def test_why_something_failed_is_said_again_after_the_name_of_its_file():
    text = "a: b/half.h5: truncated HDF5 file: found 5 bytes, expected 9"
    with speaking("fr"):
        assert again_cause(text) == "a: b/half.h5: fichier HDF5 tronqué : 5 octets trouvés, 9 attendus"
        assert again_cause("x.h5: cannot be read: Permission denied") == "x.h5: illisible : accès refusé"
        assert again_cause("x.h5: what nobody ever translated") == "x.h5: what nobody ever translated"
    assert again_cause(text) == text


def test_a_language_is_asked_for_as_systems_write_it():
    assert chosen("pt_BR.UTF-8") == "pt" if "pt" in OTHERS else True
    assert chosen("AR") == "ar"
    with pytest.raises(UsageError, match="there is no language 'xx', only en, ar"):
        chosen("xx")
    assert FOLDER == "catalogues"
