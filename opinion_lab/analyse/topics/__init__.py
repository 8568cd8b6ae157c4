"""What people talk about: posts divided into topics, the words that set each apart, and which topics hold."""

from opinion_lab.analyse.topics.model import TopicModel as TopicModel, fit as fit
from opinion_lab.analyse.topics.overview import (
    change as change,
    over_time as over_time,
    places as places,
    representatives as representatives,
    table as table,
)
