"""Posts -> who passed on whom: edges, the shape of each cascade, and the posts that carried it."""

from opinion_lab.analyse.cascades.branches import branches as branches
from opinion_lab.analyse.cascades.forecasting import forecast as forecast
from opinion_lab.analyse.cascades.reply_graph import edges as edges
from opinion_lab.analyse.cascades.shape import carriers as carriers, levels as levels, shape as shape
