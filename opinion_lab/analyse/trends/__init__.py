"""Counts against what is usual: what is unusual now, what was a burst, which words are rising, what is missing."""

from opinion_lab.analyse.trends.baseline import (
    caveats as caveats,
)
from opinion_lab.analyse.trends.counts import (
    MIN_POSTS as MIN_POSTS,
)
from opinion_lab.analyse.trends.counts import (
    STRENGTH as STRENGTH,
)
from opinion_lab.analyse.trends.counts import (
    behind as behind,
)
from opinion_lab.analyse.trends.counts import (
    changes as changes,
)
from opinion_lab.analyse.trends.counts import (
    count as count,
)
from opinion_lab.analyse.trends.counts import (
    intervals as intervals,
)
from opinion_lab.analyse.trends.counts import (
    lively as lively,
)
from opinion_lab.analyse.trends.counts import (
    rising as rising,
)
from opinion_lab.analyse.trends.counts import (
    watch as watch,
)
from opinion_lab.analyse.trends.gaps import (
    holes as holes,
)
