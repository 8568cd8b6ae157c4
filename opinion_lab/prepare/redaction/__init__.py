"""Personal data out of texts, names into pseudonyms."""

from opinion_lab.prepare.redaction.masking import (
    mentions as mentions,
    plain_names as plain_names,
    pseudonyms as pseudonyms,
    redact as redact,
    touched as touched,
)
