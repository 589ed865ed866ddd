"""Whether ground has to be swept again: what an operator asks before leaving it.

Judging
-------
judge           a recording and its result, held against limits
Verdict         its grade, a mark for each limit, the places to sweep again
Mark            one thing that was measured, and its grade
Place           ground to sweep again, and why

Limits
------
Limits          of a survey: from where on a mark is amber, and from where on red
Limit           one of them
read_limits     limits from a TOML file

Telling
-------
to_json         a verdict as JSON
draw            ... as a picture
verdict_words   ... in a sentence
mark_rows       its marks as a table's cells
place_words     where to sweep again, and why
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
