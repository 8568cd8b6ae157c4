"""Posts -> who passed on whom: edges, the shape of each cascade, and the posts that carried it."""

from opinion_lab.analyse.cascades.shape import (
    carriers as carriers,
)
from opinion_lab.analyse.cascades.shape import (
    circles as circles,
)
from opinion_lab.analyse.cascades.shape import (
    edges as edges,
)
from opinion_lab.analyse.cascades.shape import (
    forecast as forecast,
)
from opinion_lab.analyse.cascades.shape import (
    growth as growth,
)
from opinion_lab.analyse.cascades.shape import (
    levels as levels,
)
from opinion_lab.analyse.cascades.shape import (
    link as link,
)
from opinion_lab.analyse.cascades.shape import (
    shape as shape,
)
