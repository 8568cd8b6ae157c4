"""The steps from rows to posts over day partitions, on this machine or on a Dask cluster."""

from opinion_lab.prepare.pipeline.runs import (
    STEPS as STEPS,
    Prepared as Prepared,
    run as run,
    waiting as waiting,
)
