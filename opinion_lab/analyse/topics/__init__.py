"""What people talk about: posts divided into topics, the words that set each apart, and which topics hold."""

from opinion_lab.analyse.topics.model import (
    TopicModel as TopicModel,
    change as change,
    fit as fit,
    over_time as over_time,
    places as places,
    representatives as representatives,
    table as table,
)
