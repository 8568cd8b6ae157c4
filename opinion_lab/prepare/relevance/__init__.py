"""Relevance by the watch list of lab.toml, with the words and the clause that decided as the reason."""

from opinion_lab.prepare.relevance.query_grammar import HALF_WORD as HALF_WORD, NO_WORD as NO_WORD
from opinion_lab.prepare.relevance.screening import (
    BUREAU as BUREAU,
    INHERITED as INHERITED,
    by_words as by_words,
    handed as handed,
    inherit as inherit,
)
