"""What people talk about: posts divided into topics, the words that set each apart, and which topics hold."""

from opinion_lab.analyse.topics.model import (
    TopicModel as TopicModel,
)
from opinion_lab.analyse.topics.model import (
    change as change,
)
from opinion_lab.analyse.topics.model import (
    fit as fit,
)
from opinion_lab.analyse.topics.model import (
    over_time as over_time,
)
from opinion_lab.analyse.topics.model import (
    places as places,
)
from opinion_lab.analyse.topics.model import (
    representatives as representatives,
)
from opinion_lab.analyse.topics.model import (
    table as table,
)
