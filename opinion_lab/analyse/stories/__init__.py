"""Posts -> stories: one story for each thing that is being talked about."""

from opinion_lab.analyse.stories.description import (
    about as about,
    changes as changes,
    describe as describe,
    edit as edit,
    group as group,
    merge as merge,
    pick as pick,
    split as split,
)
