"""Posts -> stories: one story for each thing that is being talked about."""

from opinion_lab.analyse.stories.description import (
    about as about,
)
from opinion_lab.analyse.stories.description import (
    changes as changes,
)
from opinion_lab.analyse.stories.description import (
    describe as describe,
)
from opinion_lab.analyse.stories.description import (
    edit as edit,
)
from opinion_lab.analyse.stories.description import (
    group as group,
)
from opinion_lab.analyse.stories.description import (
    merge as merge,
)
from opinion_lab.analyse.stories.description import (
    pick as pick,
)
from opinion_lab.analyse.stories.description import (
    split as split,
)
