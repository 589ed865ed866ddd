"""Texts that know what they are in every language."""

from __future__ import annotations

from dualsense.render._report.languages import Text, Texts, in_all, through
from dualsense.render._words import Banner


def test_words_are_laid_over_each_other():
    english = {"title": "T1", "many": False, "list": ["one", "two"], "banner": Banner("failed", "no radar", "x")}
    french = {"title": "T1", "many": True, "list": ["un", "deux"], "banner": Banner("failed", "sans radar", "x")}
    words = in_all([english, french], 1)
    assert not isinstance(words["title"], Text), "the same in both"
    assert words["many"] is True, "no text: the page's own"
    assert [str(one) for one in words["list"]] == ["un", "deux"]
    assert words["list"][1].everywhere == ("two", "deux")
    assert words["banner"].sentence.everywhere == ("no radar", "sans radar")
    assert words["banner"].severity == "failed"


def test_what_is_made_of_texts_is_made_in_every_language():
    count, where = Text("drei", ("three", "drei")), Text("hier", ("here", "hier"))
    made = through(lambda *parts: " ".join(parts), count, "x", where)
    assert isinstance(made, Text)
    assert (made, made.everywhere) == ("drei x hier", ("three x here", "drei x hier"))
    assert through(str.upper, "x") == "X"
    assert not isinstance(through(str.upper, "x"), Text)


def test_marks_count_the_texts_that_were_met():
    texts = Texts()
    assert texts.said("<b>") == '<span data-said="0">&lt;b&gt;</span>'
    assert texts.said_in(Text("zwei", ("two", "zwei")), "alt") == 'alt="zwei" data-in-alt="1"'
    assert texts.everywhere(2) == [("<b>", "<b>"), ("two", "zwei")]
