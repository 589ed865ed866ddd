"""Sentences for people in their language, from one plain file for each: ``catalogues/*.po``.

The English sentence in the code is the key: :func:`say` finds its translation in the catalogue of the language at
hand, and fills in its values as that language writes them. What has no translation stays English. Data, such as
the reasons in ``targets.json``, are always English; they are said :func:`again` where a person reads them.

Speaking
--------
speaking        the language for a block of code
spoken          the one at hand
plotted         the one of plots: that at hand, or English where its letters do not stand one by one
chosen          the code of a language that somebody asked for, or an error that names all
say             a sentence, its values filled in
say_count       a sentence about a number of things
unfilled        a sentence, its values left open
again           say again what was written in English
again_cause     and why something failed, with the file's name before it
CAUSES          those that people meet most
in_english      a sentence for data, English whatever the language
number          digits as the language at hand writes them

Languages
---------
ENGLISH         the code of the source
languages       codes of all languages, English first
catalogue       what is known of one
Catalogue       its name, its direction, its sentences
NOT_REVIEWED    what is said of a translation that nobody has reviewed
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
