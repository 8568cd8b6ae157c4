"""Personal data out of texts, names into pseudonyms."""

from opinion_lab.prepare.redaction.masking import (
    links as links,
    redact as redact,
)
from opinion_lab.prepare.redaction.pseudonyms import (
    are_organisations as are_organisations,
    mentions as mentions,
    plain_names as plain_names,
    pseudonyms as pseudonyms,
)
from opinion_lab.prepare.redaction.recognition import installed as installed
