"""Whom and what texts name: businesses, institutions, estates; persons never."""

from opinion_lab.prepare.organisations.endings import (
    BUSINESSES as BUSINESSES,
    COMPANY as COMPANY,
    businesses as businesses,
    differ as differ,
    matters as matters,
)
from opinion_lab.prepare.organisations.merging import organisations as organisations
