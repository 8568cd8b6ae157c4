"""Why a visit gave nothing. No I/O."""

from __future__ import annotations

from datetime import timedelta

#: A source that asks to be left alone for longer is asked again after this.
LONGEST_WAIT = timedelta(days=7)


class Fault(Exception):
    """One visit's failure: a `code` (cli/data.py has the sentence), what it is about, how long to stay away.

    `again`: whether another try within the same visit may help.
    """

    def __init__(self, code: str, detail: str = "", *, wait: timedelta | None = None, again: bool = False) -> None:
        super().__init__(code, detail)
        self.code, self.detail, self.again = code, detail, again
        self.wait = None if wait is None else min(max(wait, timedelta()), LONGEST_WAIT)
