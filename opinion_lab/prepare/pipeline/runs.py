"""The steps from rows to posts over day partitions, on this machine or on a Dask cluster.

build -> merge with what is known -> words, signatures, verdicts -> copies -> one Parquet file a day. What is prepared
is known by the hash of its rules, code and settings, a hash for each step: when one changes, what depends on it is
worked out again and nothing else. A run lays down what it makes beside what is there (see `partitions`), so stopping
it half-way changes nothing, and the next run goes on where it stopped.
"""

from __future__ import annotations

import hashlib
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import partial
from itertools import groupby

import orjson
import polars as pl
from tqdm import tqdm

from opinion_lab import __version__, config
from opinion_lab.prepare.pipeline import tasks, workers
from opinion_lab.prepare.pipeline.tasks import Part, Run
from opinion_lab.rules import LEXICON, Rules
from opinion_lab.storage import files, partitions
from opinion_lab.storage.store import Store

#: Rows of captures that are taken in together, and of days that are worked on together: memory, not results.
BATCH_ROWS = 1_000_000
PART_ROWS = 50_000

REASON = "reason:"  # before why rows were dropped, among what is counted

#: What each step is made of: modules of `prepare`, tables of `rules`, settings of the lab. Its hash is of all that.
MODULES = {
    "posts": ("posts", "redaction.masking", "redaction.validators", "redaction.names", "normalize"),
    "signatures": ("near_duplicates.marking", "near_duplicates.signatures", "normalize"),
    "relevance": ("relevance.screening", "relevance.query_grammar", "normalize"),
    "tokens": ("tokens.tokenizer", "tokens.segmentation", "tokens.dictionary", "tokens.hmm", "normalize"),
}
TABLES = {"posts": ("redaction",), "tokens": LEXICON}
READERS = {"posts": ("rules.redaction",), "tokens": ("rules.words",)}  # the modules that make sense of these tables
#: What the steps are called where staff read of them.
STEPS = {"posts": "清洗与脱敏", "signatures": "查重", "relevance": "相关判断", "tokens": "分词"}


@dataclass
class Prepared:
    """What a run did, in numbers that balance: `rows` = `posts` + `seen_again` + `dropped`."""

    captures: int = 0
    rows: int = 0
    posts: int = 0
    seen_again: int = 0
    dropped: int = 0
    new_posts: int = 0
    copies: int = 0
    irrelevant: int = 0
    days: int = 0
    recomputed: tuple[str, ...] = ()  # steps whose rules, settings or code changed
    reasons: dict[str, int] = field(default_factory=dict)


def run(store: Store, *, progress: bool = True, cluster: str | None = None) -> Prepared:
    """Prepare what has come in since the last run, and what depends on rules that changed. Twice changes nothing.

    `cluster` is the address of a Dask scheduler, or `local`; its workers see the lab's folder under the same path, or
    have a copy of its lab.toml and key there when the data lie at an address.
    """
    partitions.finish(store.processed, partial(_settle, store))
    now, before = _fingerprints(store), _before(store)
    captures = _captures(store)
    if captures.height and not (files.listed(store.processed) or files.listed(store.rows)):
        raise config.LabError(
            f"{store.settings.data or 'data 文件夹'} 里什么也没有，账上却有 {captures.height} 份文件。"
            "lab.toml 的 data 改过的，请先把原处的 processed 和 raw/items 两个文件夹复制过去，再运行一次。"
        )
    changed = frozenset(s for s in STEPS if before is not None and before.get(s) != now[s])
    waiting = captures.filter(~pl.col("prepared").eq_missing(now["posts"]))
    there = pl.Series([store.has_items(c) for c in waiting["capture"]], dtype=pl.Boolean)
    gone = waiting.filter(~there)["capture"]
    waiting = waiting.filter(there)
    # rows that were prepared before, by other rules or under another mapping, go where these come
    taken_over = bool(captures["prepared"].is_null().all()) and bool(store.days())
    again = before is not None and ("posts" in changed or taken_over)
    recomputed = tuple(s for s in STEPS if s in changed or (again and s == "posts"))
    done: Counter[str] = Counter()
    due = changed - {"posts"}
    batches = list(_batches(waiting)) or ([[]] if due else [])
    total = int(waiting["rows_kept"].sum())
    rows = max(total, _height(store, store.days()) if due else 0)
    with tqdm(total=2 * total or None, desc="整理", unit="条", disable=not progress or None, leave=False) as bar:
        for batch in batches:
            done += _round(store, batch, due, now, again=again, address=cluster, rows=rows, bar=bar)
            due = frozenset()
    store.mark_prepared(gone, now["posts"])  # past keep_raw_days: their posts stay
    if before != now:
        store.put_value("prepared", orjson.dumps(now).decode())
    reasons = {name.removeprefix(REASON): done.pop(name) for name in list(done) if name.startswith(REASON)}
    return Prepared(recomputed=recomputed, reasons=reasons, **done)


def waiting(store: Store) -> int:
    """How many captures still wait to be prepared (all of them when rules or settings changed)."""
    captures, before, now = _captures(store), _before(store), _fingerprints(store)
    if before is not None and before != now:
        return captures.height
    return captures.filter(~pl.col("prepared").eq_missing(now["posts"])).height


def _fingerprints(store: Store) -> dict[str, str]:
    """For each step the sha256 over all that decides its outcome: code, rules, lexicons, settings, key."""
    lab, rules = store.settings, Rules(store.root)
    key = hashlib.sha256(config.pseudonym_key(store.root, lab)).hexdigest()
    settings = {"posts": (lab.organisations, lab.timezone, key), "relevance": (lab.watch,)}
    found = {}
    for step in STEPS:
        digest = hashlib.sha256(__version__.encode())
        modules = (f"prepare.{m}" for m in (*MODULES[step], "pipeline.tasks"))
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
    batch: list[str],
    due: frozenset[str],
    now: dict[str, str],
    *,
    again: bool,
    address: str | None,
    rows: int,
    bar: tqdm,
) -> Counter[str]:
    """Take in some captures, and bring the rest up to the rules that changed; all of it is put in place at the end."""
    inputs = orjson.dumps([batch, sorted(due), now, again], option=orjson.OPT_SORT_KEYS)
    run = Run(store.root, hashlib.sha256(inputs).hexdigest()[:16], tasks.settings(store))
    partitions.sweep(store.processed, keep=run.name)
    work = partial(_worked, store, run, batch, due, again=again, bar=bar)
    try:
        with workers.workers(address, rows) as (pool, n):
            done = work(pool, ahead=2 * n)
    except BrokenProcessPool:  # a process of this machine died; what was done is noted, so this one can go on alone
        with workers.here() as pool:
            done = work(pool, ahead=2)
    store.stage(run.name).commit({"captures": batch, "prepared": now["posts"]})
    partitions.finish(store.processed, partial(_settle, store))
    return done


def _worked(
    store: Store,
    run: Run,
    batch: list[str],
    due: frozenset[str],
    pool: Executor,
    *,
    again: bool,
    ahead: int,
    bar: tqdm,
) -> Counter[str]:
    """Hand the tasks of one batch out; what they counted."""

    def submit(name: str, task: Callable[..., tasks.Outcome], *arguments: object) -> Future[tasks.Outcome]:
        return pool.submit(tasks.do, run, name, task, *arguments)

    done: Counter[str] = Counter(captures=len(batch))
    days: Counter[date] = Counter()
    looks: Counter[date] = Counter()
    for task in [submit(f"build-{capture}", tasks.build, capture) for capture in batch]:
        built = task.result()
        done.update({k: built[k] for k in ("rows", "posts", "seen_again", "dropped")})
        done.update({f"{REASON}{reason}": n for reason, n in built["reasons"].items()})
        for counted, some in ((days, built["days"]), (looks, built["looks"])):
            counted.update({date.fromisoformat(day): n for day, n in some.items()})
        bar.update(built["rows"])
    if batch:
        met = submit("meet", tasks.meet, batch, again).result()
        days.update({date.fromisoformat(day): 0 for day in met["posts"]})
        looks.update({date.fromisoformat(day): 0 for day in met["sightings"]})
    done["days"] = len(days)
    side = [submit(f"looks-{some[0]}", tasks.looks, tuple(some), batch) for some in _parted(sorted(looks), looks)]
    parts = list(_parts(store, days, due))
    to_make = iter(parts)
    makes: deque[Future[tasks.Outcome] | None] = deque()
    until = max(days, default=date.min) + timedelta(days=tasks.WINDOW_DAYS) if days else date.min
    for part in parts:
        # a few ahead, so that the chain of links does not queue behind them all
        while len(makes) < ahead and (coming := next(to_make, None)):
            asked = coming.new or coming.due
            makes.append(submit(f"make-{coming.name}", tasks.make, coming, batch) if asked else None)
        if made := makes.popleft():
            done["new_posts"] += made.result()["new_posts"]
        near = part.days[0] <= until
        if not part.new and not near and not part.due & {"signatures", "relevance"}:
            continue
        copied = part.new or near or "signatures" in part.due
        linked = submit(f"link-{part.name}", tasks.link, part, copied).result()
        changed = [date.fromisoformat(d) for d in linked["changed"]]
        if changed and not part.new and copied:
            until = max(until, changed[-1] + timedelta(days=tasks.WINDOW_DAYS))
        if left := part.days if part.drafted else tuple(changed):
            side.append(submit(f"finish-{part.name}", tasks.finish, part, left))
        bar.update(sum(days[d] for d in part.days))
    for task in side:
        done.update(task.result())
    return done


def _parts(store: Store, new: Counter[date], due: frozenset[str]) -> Iterator[Part]:
    """The days in order of time, some together: those with new posts, and all others that may follow from them."""
    there = store.days()
    days = sorted({*new, *(d for d in there if due or (new and d >= min(new)))})
    size = Counter(new)
    for day in {*days}.intersection(there):
        size[day] += _height(store, [day])
    for is_new, some in groupby(days, lambda d: d in new):
        for together in _parted(list(some), size):
            yield Part(tuple(together), is_new, due)


def _parted(days: Sequence[date], size: Counter[date]) -> Iterator[list[date]]:
    """Neighbours that come to PART_ROWS or less; a day that is larger stands alone."""
    some: list[date] = []
    rows = 0
    for day in days:
        if some and rows + size[day] > PART_ROWS:
            yield some
            some, rows = [], 0
        some.append(day)
        rows += size[day]
    if some:
        yield some


def _height(store: Store, days: Sequence[date]) -> int:
    paths = [store.partitions.path("posts", d) for d in days]
    return int(files.scan(paths).select(pl.len()).collect().item()) if paths else 0


def _batches(captures: pl.DataFrame) -> Iterator[list[str]]:
    batch: list[str] = []
    rows = 0
    for capture, n in captures.select("capture", "rows_kept").iter_rows():
        if batch and rows + n > BATCH_ROWS:
            yield batch
            batch, rows = [], 0
        batch.append(capture)
        rows += n
    if batch:
        yield batch


def _captures(store: Store) -> pl.DataFrame:
    return store.captures().filter(pl.col("rows_in").is_not_null())


def _before(store: Store) -> dict[str, str] | None:
    """The hashes of the last run; None before the first."""
    noted = store.value("prepared")
    if noted is None:
        return None
    return dict(orjson.loads(noted)) if noted.startswith("{") else {}


def _settle(store: Store, note: dict) -> None:
    store.mark_prepared(note["captures"], note["prepared"])
