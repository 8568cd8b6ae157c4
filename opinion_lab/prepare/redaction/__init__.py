"""Personal data out of texts, names into pseudonyms."""

from opinion_lab.prepare.redaction.masking import RULES as RULES
from opinion_lab.prepare.redaction.masking import Rule as Rule
from opinion_lab.prepare.redaction.masking import links as links
from opinion_lab.prepare.redaction.masking import load as load
from opinion_lab.prepare.redaction.masking import redact as redact
from opinion_lab.prepare.redaction.masking import shipped as shipped
from opinion_lab.prepare.redaction.masking import touched as touched
from opinion_lab.prepare.redaction.pseudonyms import is_organisation as is_organisation
from opinion_lab.prepare.redaction.pseudonyms import mentions as mentions
from opinion_lab.prepare.redaction.pseudonyms import plain_names as plain_names
from opinion_lab.prepare.redaction.pseudonyms import pseudonyms as pseudonyms
