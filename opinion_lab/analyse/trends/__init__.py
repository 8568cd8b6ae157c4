"""Counts against what is usual: what is unusual now, what was a burst, which words are rising, what is missing."""

from opinion_lab.analyse.trends.baseline import caveats as caveats
from opinion_lab.analyse.trends.counts import (
    STRENGTH as STRENGTH,
    behind as behind,
    changes as changes,
    count as count,
    intervals as intervals,
    lively as lively,
    watch as watch,
)
from opinion_lab.analyse.trends.terms import MIN_POSTS as MIN_POSTS, rising as rising
from opinion_lab.analyse.trends.time_bins import holes as holes
