"""Public incidents known by their milestones alone."""

from opinion_lab.judge.timelines.archive import (
    ACTION as ACTION,
)
from opinion_lab.judge.timelines.archive import (
    ESCALATED as ESCALATED,
)
from opinion_lab.judge.timelines.archive import (
    FIRST as FIRST,
)
from opinion_lab.judge.timelines.archive import (
    OFFICIAL as OFFICIAL,
)
from opinion_lab.judge.timelines.archive import (
    SECONDARY as SECONDARY,
)
from opinion_lab.judge.timelines.archive import (
    Incident as Incident,
)
from opinion_lab.judge.timelines.archive import (
    Milestone as Milestone,
)
from opinion_lab.judge.timelines.archive import (
    load as load,
)
from opinion_lab.judge.timelines.archive import (
    pick as pick,
)
from opinion_lab.judge.timelines.archive import (
    span as span,
)
from opinion_lab.judge.timelines.looking_back import (
    Past as Past,
)
from opinion_lab.judge.timelines.looking_back import (
    answered as answered,
)
from opinion_lab.judge.timelines.looking_back import (
    correctness as correctness,
)
from opinion_lab.judge.timelines.looking_back import (
    ended as ended,
)
from opinion_lab.judge.timelines.looking_back import (
    look_back as look_back,
)
from opinion_lab.judge.timelines.looking_back import (
    outcome as outcome,
)
from opinion_lab.judge.timelines.looking_back import (
    speed as speed,
)
