"""The steps from rows to posts over day partitions, on this machine or on a Dask cluster.

build -> merge with what is known -> words, signatures, verdicts -> copies -> one Parquet file a day. What is prepared
is known by the hash of its rules, code and settings, a hash for each step: when one changes, what depends on it is
worked out again and nothing else. A run lays down what it makes beside what is there (see `partitions`), so stopping
it half-way changes nothing, and the next run goes on where it stopped.
"""

from __future__ import annotations

import hashlib
from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import partial
from itertools import groupby
from typing import TypeVar

import orjson
import polars as pl
from tqdm import tqdm

from opinion_lab import __version__, config
from opinion_lab.prepare import redaction
from opinion_lab.prepare.pipeline import staging, tasks, workers as cluster
from opinion_lab.prepare.pipeline.staging import Groups, Part, Run
from opinion_lab.prepare.pipeline.workers import Task, Workers
from opinion_lab.rules import LEXICON, Rules
from opinion_lab.storage import files, partitions
from opinion_lab.storage.store import Store, key_mark

#: Rows of captures that are put in place together, that one task takes in (an article is a capture), and of days that
#: are worked on together: memory and time, not results.
BATCH_ROWS = 1_000_000
GROUP_ROWS = 2_000
PART_ROWS = 50_000

#: What each step is made of: modules of `prepare`, tables of `rules`, settings of the lab. Its hash is of all that.
CUTTING = tuple(f"tokens.{m}" for m in ("tokenizer", "segmentation", "dictionary", "hmm"))
COPIES = ("marking", "apart", "signatures")
MODULES = {
    "posts": (
        *("posts", "merging", "identity", "normalize", *CUTTING),
        *(f"redaction.{m}" for m in ("masking", "numbers", "places", "names", "lattice", "recognition", "pseudonyms")),
    ),
    "signatures": (*(f"near_duplicates.{m}" for m in COPIES), "organisations.endings", "normalize"),
    "relevance": ("relevance.screening", "relevance.query_grammar", "normalize"),
    "tokens": (*CUTTING, "normalize"),
}
TABLES = {"posts": ("redaction",), "tokens": LEXICON}
READERS = {"posts": ("rules.redaction",), "tokens": ("rules.words",)}  # the modules that make sense of these tables
#: What the steps are called where staff read of them.
STEPS = {"posts": "清洗与脱敏", "signatures": "查重", "relevance": "相关判断", "tokens": "分词"}
T = TypeVar("T")
COUNTED = ("rows", "seen_again", "dropped", "undated", "early", "apart", "shortened", "unlinked")  # by `build`


@dataclass
class Prepared:
    """What a run did, in numbers that balance: `rows` = `new_posts` + `seen_again` + `merged` + `dropped`.

    `seen_again` are further rows of a post within one capture, `merged` posts of a capture that were known already.
    `undated` posts took the time of the visit for want of one, `early` ones because theirs was later than that; `apart`
    are posts whose id belonged to something else.
    """

    captures: int = 0
    rows: int = 0
    seen_again: int = 0
    merged: int = 0
    dropped: int = 0
    shortened: int = 0
    unlinked: int = 0
    new_posts: int = 0
    copies: int = 0
    irrelevant: int = 0
    days: int = 0
    undated: int = 0
    early: int = 0
    apart: int = 0
    recomputed: tuple[str, ...] = ()  # steps whose rules, settings or code changed
    reasons: dict[str, int] = field(default_factory=dict)

    @property
    def rebuilt(self) -> bool:
        """Whether anything that was prepared before was worked out anew."""
        return bool(self.recomputed)


def run(store: Store, *, progress: bool = True, cluster: str | None = None) -> Prepared:
    """Prepare what has come in since the last run, and what depends on rules that changed. Twice changes nothing.

    `cluster` is the address of a Dask scheduler, or `local`; its workers see the lab's folder under the same path, or
    have a copy of its lab.toml and key there when the data lie at an address.
    """
    partitions.finish(store.processed, partial(_settle, store))
    now = _fingerprints(store)
    captures, known = _captures(store), _known(store)
    if captures.height and not (files.listed(store.processed) or files.listed(store.rows)):
        raise config.LabError(
            f"{store.settings.data or 'data 文件夹'} 里什么也没有，账上却有 {captures.height} 份文件。"
            "lab.toml 的 data 改过的，请先把原处的 processed 和 raw/items 两个文件夹复制过去，再运行一次。"
        )
    changed = frozenset(s for s in STEPS if known is not None and known.get(s) != now[s])
    waiting = captures.filter(~pl.col("prepared").eq_missing(now["posts"]))
    # listings only say where to read: of nothing nothing is made
    there = (waiting["rows_kept"] > 0) & pl.Series([store.has_items(c) for c in waiting["capture"]], dtype=pl.Boolean)
    gone = waiting.filter(~there)["capture"]
    waiting = waiting.filter(there)
    # rows that were prepared before, by other rules or under another mapping, go where these come
    taken_over = bool(captures["prepared"].is_null().all()) and bool(store.days())
    again = known is not None and ("posts" in changed or taken_over)
    result = Prepared(recomputed=tuple(s for s in STEPS if s in changed or (again and s == "posts")))
    batches = list(_batches(waiting))
    due = changed - {"posts"}
    if due and not batches:
        batches = [[]]
    total = int(waiting["rows_kept"].sum()) if waiting.height else 0
    if batches:
        rows = max(total, _height(store, store.days()) if due else 0)
        quiet = None if progress else True
        with tqdm(total=2 * total or None, desc="整理", unit="条", disable=quiet, leave=False) as bar:
            for batch in batches:
                _round(store, batch, due, now, again=again, cluster_=cluster, rows=rows, result=result, bar=bar)
                due = frozenset()
    store.mark_prepared(gone, now["posts"])  # their posts, where there were any, stay
    if known != now:
        store.put_value("prepared", orjson.dumps(now).decode())
    return result


def waiting(store: Store) -> int:
    """How many captures still wait to be prepared (all of them when rules or settings changed)."""
    captures, known, now = _captures(store), _known(store), _fingerprints(store)
    if known is not None and known != now:
        return captures.height
    return captures.filter(~pl.col("prepared").eq_missing(now["posts"])).height


def _fingerprints(store: Store) -> dict[str, str]:
    """For each step the sha256 over all that decides its outcome: code, rules, lexicons, settings, key."""
    lab, rules = store.settings, Rules(store.root)
    key = key_mark(store.key())
    settings = {
        "posts": (lab.organisations, lab.timezone, key, redaction.installed()),
        "relevance": (lab.watch, lab.organisations.own),
    }
    found = {"key": key}
    for step in STEPS:
        digest = hashlib.sha256(__version__.encode())
        modules = (f"prepare.{m}" for m in (*MODULES[step], "pipeline.tasks", "pipeline.staging"))
        for module in (*modules, *READERS.get(step, ())):
            path = config.PACKAGE / f"{module.replace('.', '/')}.py"
            digest.update(path.name.encode() + b"\0" + path.read_bytes())
        digest.update(rules.fingerprint(*TABLES.get(step, ())).encode())
        digest.update(repr(settings.get(step)).encode())
        found[step] = digest.hexdigest()
    return found


# --- one batch of captures -----------------------------------------------------------------------------------


def _round(
    store: Store,
    batch: Groups,
    due: frozenset[str],
    now: dict[str, str],
    *,
    again: bool,
    cluster_: str | None,
    rows: int,
    result: Prepared,
    bar: tqdm,
) -> None:
    """Take in some captures, and bring the rest up to the rules that changed; all of it is put in place at the end."""
    inputs = orjson.dumps([batch, sorted(due), now, again], option=orjson.OPT_SORT_KEYS)
    run = Run(store.root, hashlib.sha256(inputs).hexdigest()[:16], staging.settings(store))
    partitions.sweep(store.processed, keep=run.name)
    try:
        with cluster.workers(cluster_, rows) as workers:
            done = _worked(store, run, batch, due, again, workers, bar)
    except cluster.Died:
        done = _worked(store, run, batch, due, again, cluster.here(), bar)
    stage = store.stage(run.name)
    taken_in = [capture for captures in batch for capture in captures]
    stage.commit({"captures": taken_in, "prepared": now["posts"]})
    partitions.finish(store.processed, partial(_settle, store))
    result.captures += len(taken_in)
    done["merged"] = done["posts"] - done["new_posts"] if batch else 0
    for name in (*COUNTED, "merged", "new_posts", "copies", "irrelevant", "days"):
        setattr(result, name, getattr(result, name) + done[name])
    for name in done:
        if name.startswith("reason:"):
            reason = name.removeprefix("reason:")
            result.reasons[reason] = result.reasons.get(reason, 0) + done[name]


def _worked(
    store: Store, run: Run, batch: Groups, due: frozenset[str], again: bool, workers: Workers, bar: tqdm
) -> Counter[str]:
    """Hand the tasks of one batch out; what they counted."""
    done: Counter[str] = Counter()
    days: Counter[date] = Counter()
    looks: Counter[date] = Counter()
    for task in [workers.submit(tasks.build, run, captures) for captures in batch]:
        built = task.result()
        done.update({k: built[k] for k in ("posts", *COUNTED)})
        done.update({f"reason:{reason}": n for reason, n in built["reasons"].items()})
        for counted, found in ((days, built["days"]), (looks, built["looks"])):
            counted.update({date.fromisoformat(day): n for day, n in found.items()})
        bar.update(built["rows"])
    if batch:
        met = workers.submit(tasks.meet, run, batch, again).result()
        done["apart"] += met["apart"]
        days.update({date.fromisoformat(day): 0 for day in met["posts"]})
        looks.update({date.fromisoformat(day): 0 for day in met["sightings"]})
    done["days"] = len(days)
    side = [workers.submit(tasks.looks, run, tuple(some), batch) for some in _parted(sorted(looks), looks)]
    parts = list(_parts(store, days, due))
    makes: deque[Task] = deque()
    to_make = iter(parts)
    until = max(days, default=date.min) + timedelta(days=tasks.WINDOW_DAYS) if days else date.min
    for part in parts:
        # a few ahead, so that the chain of links does not queue behind them all
        while len(makes) < 2 * workers.n and (ahead := next(to_make, None)):
            makes.append(workers.submit(tasks.make, run, ahead, batch) if ahead.new or ahead.due else cluster.done({}))
        made = makes.popleft().result()
        done["new_posts"] += made.get("new_posts", 0)
        near = part.days[0] <= until
        if not part.new and not near and not part.due & {"signatures", "relevance"}:
            continue
        copied = part.new or near or "signatures" in part.due
        changed = [date.fromisoformat(d) for d in workers.submit(tasks.link, run, part, copied).result()["changed"]]
        if changed and not part.new and copied:
            until = max(until, changed[-1] + timedelta(days=tasks.WINDOW_DAYS))
        if left := part.days if part.drafted else tuple(changed):
            side.append(workers.submit(tasks.finish, run, part, left))
        bar.update(sum(days[d] for d in part.days))
    for task in side:
        outcome = task.result()
        done.update({k: outcome.get(k, 0) for k in ("copies", "irrelevant")})
    return done


def _parts(store: Store, new: Counter[date], due: frozenset[str]) -> Iterator[Part]:
    """The days in order of time, some together: those with new posts, and all others that may follow from them."""
    known = store.days()
    days = sorted({*new, *(d for d in known if due or (new and d >= min(new)))})
    size = Counter(new)
    for day in {*days}.intersection(known):
        size[day] += _height(store, [day])
    for is_new, some in groupby(days, lambda d: d in new):
        for together in _parted(list(some), size):
            yield Part(tuple(together), is_new, due)


def _parted(things: Sequence[T], size: Mapping[T, int], most: int = PART_ROWS) -> Iterator[list[T]]:
    """Neighbours that come to `most` rows or less; what is larger stands alone."""
    some: list[T] = []
    rows = 0
    for thing in things:
        if some and rows + size[thing] > most:
            yield some
            some, rows = [], 0
        some.append(thing)
        rows += size[thing]
    if some:
        yield some


def _height(store: Store, days: Sequence[date]) -> int:
    paths = [store.partitions.path("posts", d) for d in days]
    return int(files.scan(paths).select(pl.len()).collect().item()) if paths else 0


def _batches(captures: pl.DataFrame) -> Iterator[Groups]:
    """Captures in order by BATCH_ROWS, within these by GROUP_ROWS; a larger one stands alone."""
    size = dict(captures.select("capture", "rows_kept").iter_rows())
    groups = [tuple(some) for some in _parted([*size], size, GROUP_ROWS)]
    heights = {group: sum(size[capture] for capture in group) for group in groups}
    yield from _parted(groups, heights, BATCH_ROWS)


def _captures(store: Store) -> pl.DataFrame:
    return store.captures().filter(pl.col("rows_in").is_not_null())


def _known(store: Store) -> dict[str, str] | None:
    """The hashes of the last run; None before the first."""
    kept = store.value("prepared")
    if kept is None:
        return None
    return dict(orjson.loads(kept)) if kept.startswith("{") else {}


def _settle(store: Store, note: dict) -> None:
    store.note_heights(note.get("heights", ()))
    store.mark_prepared(note["captures"], note["prepared"])
