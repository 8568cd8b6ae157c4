"""Which sources are visited when, how they fare, and what may have been lost between two visits. No I/O."""

from opinion_lab.collect.visits.intervals import (
    Due as Due,
    due as due,
)
from opinion_lab.collect.visits.states import (
    STATES as STATES,
    holes as holes,
    overlap as overlap,
    states as states,
)
from opinion_lab.collect.visits.tiers import (
    BOUNDS as BOUNDS,
    Tier as Tier,
    grade as grade,
    tier_of as tier_of,
)
