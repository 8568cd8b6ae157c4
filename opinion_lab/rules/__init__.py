"""Tables, lexicons and mappings that a bureau can edit: its own copy first, typed, read in one place."""

from opinion_lab.rules.catalogue import (
    FORMER as FORMER,
    LEXICON as LEXICON,
    SHIPPED as SHIPPED,
    TABLES as TABLES,
    Rules as Rules,
)
