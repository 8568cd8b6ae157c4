"""Copies: the same thing said again, word for word or nearly."""

from opinion_lab.prepare.near_duplicates.marking import (
    compared as compared,
)
from opinion_lab.prepare.near_duplicates.marking import (
    index as index,
)
from opinion_lab.prepare.near_duplicates.marking import (
    mark as mark,
)
from opinion_lab.prepare.near_duplicates.marking import (
    near as near,
)
from opinion_lab.prepare.near_duplicates.marking import (
    sign as sign,
)
