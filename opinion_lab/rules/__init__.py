"""Tables, lexicons and mappings that a bureau can edit: its own copy first, typed, read in one place."""

from opinion_lab.rules.catalogue import (
    FORMER as FORMER,
)
from opinion_lab.rules.catalogue import (
    LEXICON as LEXICON,
)
from opinion_lab.rules.catalogue import (
    SHIPPED as SHIPPED,
)
from opinion_lab.rules.catalogue import (
    TABLES as TABLES,
)
from opinion_lab.rules.catalogue import (
    Rules as Rules,
)
