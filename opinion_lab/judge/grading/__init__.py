"""A level Ⅰ–Ⅳ proposed for a story at a given hour: red lines first, then a score, then a person."""

from opinion_lab.judge.grading.evidence import (
    Evidence as Evidence,
    answers_visible_from as answers_visible_from,
    examine as examine,
)
from opinion_lab.judge.grading.levels import (
    MISHANDLED as MISHANDLED,
    deciding as deciding,
    measures as measures,
    propose as propose,
    trail as trail,
)
from opinion_lab.judge.grading.yardstick import (
    past as past,
)
