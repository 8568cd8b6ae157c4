"""The steps from rows to posts over day partitions, on this machine or on a Dask cluster."""

from opinion_lab.prepare.pipeline.runs import (
    MODULES as MODULES,
)
from opinion_lab.prepare.pipeline.runs import (
    STEPS as STEPS,
)
from opinion_lab.prepare.pipeline.runs import (
    Prepared as Prepared,
)
from opinion_lab.prepare.pipeline.runs import (
    config as config,
)
from opinion_lab.prepare.pipeline.runs import (
    run as run,
)
from opinion_lab.prepare.pipeline.runs import (
    waiting as waiting,
)
