"""What runs when nobody looks: jobs by their timetable, each in a process of its own, and what became of them."""

from opinion_lab.operate.jobs import (
    Outcome as Outcome,
    run as run,
    run_due as run_due,
    serve as serve,
)
from opinion_lab.operate.system_timers import (
    KINDS as KINDS,
    Timer as Timer,
    timer as timer,
)
from opinion_lab.operate.timetable import (
    next_time as next_time,
)
