"""Posts -> stories: one story for each thing that is being talked about."""

from opinion_lab.analyse.stories.assignment import BY_WORDS as BY_WORDS, group as group, proposals as proposals
from opinion_lab.analyse.stories.description import (
    ORIGINAL as ORIGINAL,
    about as about,
    describe as describe,
    pick as pick,
)
from opinion_lab.analyse.stories.units import is_child as is_child
