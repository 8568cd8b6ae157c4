"""The steps from rows to posts over day partitions, on this machine or on a Dask cluster."""

from opinion_lab.prepare.pipeline.runs import (
    MODULES as MODULES,
    STEPS as STEPS,
    Prepared as Prepared,
    config as config,
    run as run,
    waiting as waiting,
)
