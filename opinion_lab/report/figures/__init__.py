"""Findings as pictures: each takes a frame and returns a plotly figure whose title says what it shows."""

from opinion_lab.report.figures.charts import (
    against_baseline as against_baseline,
    author_kinds as author_kinds,
    cascade_growth as cascade_growth,
    cascade_levels as cascade_levels,
    coverage as coverage,
    level_trail as level_trail,
    platforms as platforms,
    volume as volume,
)
from opinion_lab.report.figures.holes import (
    holes as holes,
)
from opinion_lab.report.figures.topics import (
    rising_words as rising_words,
    topic_map as topic_map,
    topic_sizes as topic_sizes,
    topics_over_time as topics_over_time,
)
