"""Copies: the same thing said again, word for word or nearly."""

from opinion_lab.prepare.near_duplicates.marking import (
    compared as compared,
    index as index,
    mark as mark,
    near as near,
    sign as sign,
)
