"""Relevance by the watch list of lab.toml, with the words and the clause that decided as the reason."""

from opinion_lab.prepare.relevance.screening import (
    HALF_WORD as HALF_WORD,
)
from opinion_lab.prepare.relevance.screening import (
    INHERITED as INHERITED,
)
from opinion_lab.prepare.relevance.screening import (
    NO_WORD as NO_WORD,
)
from opinion_lab.prepare.relevance.screening import (
    by_words as by_words,
)
from opinion_lab.prepare.relevance.screening import (
    inherit as inherit,
)
from opinion_lab.prepare.relevance.screening import (
    label as label,
)
from opinion_lab.prepare.relevance.screening import (
    screen as screen,
)
