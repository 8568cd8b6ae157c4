"""Relevance by the watch list of lab.toml, with the words and the clause that decided as the reason."""

from opinion_lab.prepare.relevance.screening import (
    HALF_WORD as HALF_WORD,
    INHERITED as INHERITED,
    NO_WORD as NO_WORD,
    by_words as by_words,
    inherit as inherit,
    label as label,
    screen as screen,
)
