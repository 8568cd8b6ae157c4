"""A level Ⅰ–Ⅳ proposed for a story at a given hour: red lines first, then a score, then a person."""

from opinion_lab.judge.grading.evidence import (
    Evidence as Evidence,
)
from opinion_lab.judge.grading.evidence import (
    answers_visible_from as answers_visible_from,
)
from opinion_lab.judge.grading.evidence import (
    examine as examine,
)
from opinion_lab.judge.grading.levels import (
    MISHANDLED as MISHANDLED,
)
from opinion_lab.judge.grading.levels import (
    confirm as confirm,
)
from opinion_lab.judge.grading.levels import (
    deciding as deciding,
)
from opinion_lab.judge.grading.levels import (
    measures as measures,
)
from opinion_lab.judge.grading.levels import (
    propose as propose,
)
from opinion_lab.judge.grading.levels import (
    trail as trail,
)
from opinion_lab.judge.grading.yardstick import (
    past as past,
)
