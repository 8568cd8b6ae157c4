"""Which section of the bureau a post belongs to, which other body, and how sure that is."""

from opinion_lab.judge.routing.lines import (
    NOT_OURS as NOT_OURS,
    TABLES as TABLES,
    Router as Router,
    from_bytes as from_bytes,
    learn as learn,
    route as route,
    sections as sections,
    shipped as shipped,
    speaks as speaks,
)
