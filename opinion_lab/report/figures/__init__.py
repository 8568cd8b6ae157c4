"""Findings as pictures: each takes a frame and returns a plotly figure whose title says what it shows."""

from opinion_lab.report.figures.charts import (
    against_baseline as against_baseline,
)
from opinion_lab.report.figures.charts import (
    author_kinds as author_kinds,
)
from opinion_lab.report.figures.charts import (
    cascade_growth as cascade_growth,
)
from opinion_lab.report.figures.charts import (
    cascade_levels as cascade_levels,
)
from opinion_lab.report.figures.charts import (
    clocks as clocks,
)
from opinion_lab.report.figures.charts import (
    coverage as coverage,
)
from opinion_lab.report.figures.charts import (
    level_trail as level_trail,
)
from opinion_lab.report.figures.charts import (
    platforms as platforms,
)
from opinion_lab.report.figures.charts import (
    rising_words as rising_words,
)
from opinion_lab.report.figures.charts import (
    topic_map as topic_map,
)
from opinion_lab.report.figures.charts import (
    topic_sizes as topic_sizes,
)
from opinion_lab.report.figures.charts import (
    topics_over_time as topics_over_time,
)
from opinion_lab.report.figures.charts import (
    volume as volume,
)
