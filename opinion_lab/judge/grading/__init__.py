"""A level Ⅰ–Ⅳ proposed for a story at a given hour: red lines first, then a score, then a person."""

from opinion_lab.judge.grading.levels import (
    confirm as confirm,
    facts as facts,
    gist as gist,
    measures as measures,
    past as past,
    propose as propose,
    trail as trail,
)
