"""A level Ⅰ–Ⅳ proposed for a story at a given hour: red lines first, then a score, then a person."""

from opinion_lab.judge.grading.levels import (
    confirm as confirm,
)
from opinion_lab.judge.grading.levels import (
    facts as facts,
)
from opinion_lab.judge.grading.levels import (
    gist as gist,
)
from opinion_lab.judge.grading.levels import (
    measures as measures,
)
from opinion_lab.judge.grading.levels import (
    past as past,
)
from opinion_lab.judge.grading.levels import (
    propose as propose,
)
from opinion_lab.judge.grading.levels import (
    trail as trail,
)
