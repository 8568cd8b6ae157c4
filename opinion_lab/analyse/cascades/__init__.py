"""Posts -> who passed on whom: edges, the shape of each cascade, and the posts that carried it."""

from opinion_lab.analyse.cascades.shape import (
    carriers as carriers,
    circles as circles,
    edges as edges,
    forecast as forecast,
    growth as growth,
    levels as levels,
    link as link,
    shape as shape,
)
