"""Personal data out of texts, names into pseudonyms."""

from opinion_lab.prepare.redaction.masking import (
    mentions as mentions,
)
from opinion_lab.prepare.redaction.masking import (
    plain_names as plain_names,
)
from opinion_lab.prepare.redaction.masking import (
    pseudonyms as pseudonyms,
)
from opinion_lab.prepare.redaction.masking import (
    redact as redact,
)
from opinion_lab.prepare.redaction.masking import (
    touched as touched,
)
