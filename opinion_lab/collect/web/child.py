"""What a child of `worker` does with what strangers wrote; it imports what its tasks need, and nothing heavy."""

from __future__ import annotations

import pickle
import signal
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any, BinaryIO

from opinion_lab.collect.web.faults import Fault

#: A function of `parsers`: (body, charset=, url=, **options) -> entries. It goes to the child by its name.
Reader = Callable[..., list[Any]]
#: Characters of an entry's text (title, ...) that go on, 25 times what is analysed of it; the bytes are kept whole.
LONGEST = 500_000


def _allows(rules: str, url: str, agent: str) -> bool:
    """Whether a robots.txt lets `agent` have `url` (a pattern of it may take for ever)."""
    from protego import Protego

    return bool(Protego.parse(rules).can_fetch(url, agent))


def _entries(path: Path, reader: Reader, charset: str | None, url: str, options: dict[str, Any]) -> list[Any]:
    """What a function of `parsers` reads in the bytes that lie there."""
    from opinion_lab.collect.parsers import bodies

    try:
        found = reader(path.read_bytes(), charset=charset, url=url, **options)
    except bodies.Unreadable as error:
        raise Fault(error.code, error.detail) from None
    for entry in found:
        if isinstance(entry, dict):
            entry.update({k: v[:LONGEST] for k, v in entry.items() if isinstance(v, str) and len(v) > LONGEST})
    return found


def _ready(needed: str) -> None:
    import_module(needed)


TASKS: dict[str, Callable[..., Any]] = {"ready": _ready, "allows": _allows, "entries": _entries}


def serve(to: BinaryIO, back: BinaryIO) -> None:
    """Do what comes in until nothing more comes."""
    while True:
        try:
            name, arguments = pickle.load(to)
        except EOFError:
            return
        outcome: Any
        try:
            outcome = TASKS[name](*arguments)
        except Fault as fault:
            outcome = fault
        except MemoryError:
            outcome = Fault("parse_limit")
        except Exception as error:  # whatever a parser lets out is the source's outcome
            outcome = Fault("parse_crash", type(error).__name__)
        try:
            pickle.dump(outcome, back)
            back.flush()
        except BrokenPipeError:  # whoever asked is no more
            return


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides
    if sys.platform != "win32":
        import resource

        # should the parent be killed, a task without end ends here
        resource.setrlimit(resource.RLIMIT_CPU, (900, 900))
    answers, sys.stdout = sys.stdout.buffer, sys.stderr
    serve(sys.stdin.buffer, answers)
