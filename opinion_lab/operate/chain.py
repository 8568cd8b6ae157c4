"""One job from end to end, in a process of its own: collect what is due, prepare, report. Prints one line of JSON.

What ails a source, or the preparing of what it gave, stops nothing that comes after it.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from opinion_lab.collect import collector, importer
from opinion_lab.config import Job, LabError
from opinion_lab.lab import Lab
from opinion_lab.operate import messages
from opinion_lab.report import run as runner
from opinion_lab.storage import store as stores
from opinion_lab.storage.maintenance import integrity


def _chain(store: stores.Store, job: Job) -> dict[str, Any]:
    """What came of it: `failed` sources, `visited`, `new` posts, `report` where there is one, `problems` on the way."""
    done: dict[str, Any] = {"failed": [], "visited": 0, "new": 0, "report": None, "problems": []}
    arrived = importer.take_inbox(store, now=datetime.now(UTC))
    done["problems"] += [f"inbox：{file.name} 没有导入：{file.why}" for file in arrived if file.why]
    try:
        if store.settings.sources:
            visits = collector.collect(store, now=datetime.now(UTC))
            done["failed"] = visits.filter(visits["outcome"].is_in(["failed", "closed", "changed", "not_reached"]))[
                "source_id"
            ].to_list()
            done["visited"] = visits.height
    except LabError as error:
        done["problems"].append(str(error))
    lab = Lab(store)
    if lab.waiting():
        try:
            done["new"] = lab.update(progress=False).new_posts
        except LabError as error:
            if not job.notebook:
                raise
            done["problems"].append(str(error))
    integrity.sweep(store, datetime.now(UTC))
    if job.notebook:
        path = runner.run(job.notebook, job.parameters, store=store, portable=job.portable, progress=False)
        done["report"] = str(path)
    return done


def main(root: str, name: str) -> int:
    """Do the job and print what came of it; exit code 1 and an `error` when it failed."""
    store = stores.open(Path(root))
    answer = sys.stdout.buffer
    sys.stdout = sys.stderr
    try:
        done, code = _chain(store, store.settings.job(name)), 0
    except LabError as error:
        done, code = {"error": str(error)}, 1
    if store.settings.recipients:
        try:
            unsent = messages.deliver(Lab(store), datetime.now(UTC), fresh=done.get("new", 0) > 0)
            done["unsent"] = unsent
        except LabError as error:
            done.setdefault("problems", []).append(str(error))
    answer.write(orjson.dumps(done) + b"\n")
    answer.flush()
    return code


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
