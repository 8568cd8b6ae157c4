"""Counts against what is usual: what is unusual now, what was a burst, which words are rising, what is missing."""

from opinion_lab.analyse.trends.counts import (
    MIN_POSTS as MIN_POSTS,
    STRENGTH as STRENGTH,
    behind as behind,
    caveats as caveats,
    changes as changes,
    count as count,
    holes as holes,
    intervals as intervals,
    lively as lively,
    rising as rising,
    watch as watch,
)
