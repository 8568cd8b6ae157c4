"""Bytes and rows as they arrived, and the account of them: captures, visits to sources, runs of jobs."""

from opinion_lab.storage.ledger.captures import Capture as Capture, Captures as Captures
from opinion_lab.storage.ledger.runs import Runs as Runs
from opinion_lab.storage.ledger.visits import Visits as Visits
