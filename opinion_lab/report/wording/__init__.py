"""Numbers and findings in Chinese: the finding first, the number second, the caveat third."""

from opinion_lab.report.wording.findings import (
    against_baseline as against_baseline,
)
from opinion_lab.report.wording.findings import (
    alerts as alerts,
)
from opinion_lab.report.wording.findings import (
    cascade_growth as cascade_growth,
)
from opinion_lab.report.wording.findings import (
    cascade_levels as cascade_levels,
)
from opinion_lab.report.wording.findings import (
    clocks as clocks,
)
from opinion_lab.report.wording.findings import (
    coverage as coverage,
)
from opinion_lab.report.wording.findings import (
    level_trail as level_trail,
)
from opinion_lab.report.wording.findings import (
    lineage as lineage,
)
from opinion_lab.report.wording.findings import (
    period as period,
)
from opinion_lab.report.wording.findings import (
    rising_words as rising_words,
)
from opinion_lab.report.wording.findings import (
    shares as shares,
)
from opinion_lab.report.wording.findings import (
    topic_sizes as topic_sizes,
)
from opinion_lab.report.wording.findings import (
    topics as topics,
)
from opinion_lab.report.wording.findings import (
    topics_over_time as topics_over_time,
)
from opinion_lab.report.wording.findings import (
    volume as volume,
)
from opinion_lab.report.wording.phrases import (
    NAMES as NAMES,
)
from opinion_lab.report.wording.phrases import (
    NOT_SAID as NOT_SAID,
)
from opinion_lab.report.wording.phrases import (
    NOTHING as NOTHING,
)
from opinion_lab.report.wording.phrases import (
    RANK as RANK,
)
from opinion_lab.report.wording.phrases import (
    change as change,
)
from opinion_lab.report.wording.phrases import (
    count as count,
)
from opinion_lab.report.wording.phrases import (
    day as day,
)
from opinion_lab.report.wording.phrases import (
    duration as duration,
)
from opinion_lab.report.wording.phrases import (
    each as each,
)
from opinion_lab.report.wording.phrases import (
    holes as holes,
)
from opinion_lab.report.wording.phrases import (
    listing as listing,
)
from opinion_lab.report.wording.phrases import (
    name as name,
)
from opinion_lab.report.wording.phrases import (
    number as number,
)
from opinion_lab.report.wording.phrases import (
    percent as percent,
)
from opinion_lab.report.wording.phrases import (
    script as script,
)
from opinion_lab.report.wording.phrases import (
    step as step,
)
from opinion_lab.report.wording.phrases import (
    time as time,
)
from opinion_lab.report.wording.phrases import (
    total as total,
)
