"""What keeps a lab current after preparing: the stories of new posts, the search index, the model of relevance."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta

import polars as pl
from tqdm import tqdm

from opinion_lab.analyse import stories
from opinion_lab.analyse.stories import meaning
from opinion_lab.collect import visits
from opinion_lab.prepare import normalize
from opinion_lab.prepare.relevance import classifier
from opinion_lab.storage import artifacts, search_index, story_days
from opinion_lab.storage.store import Store

#: Days before the first and after the last new post within which stories are continued.
REACH = timedelta(days=28)
#: How texts are read into the search index; another one has every day put into it anew.
READING = "2"
#: New posts whose stories are made together: memory, not results.
BATCH = 100_000


def waiting(store: Store) -> bool:
    """Whether stories or the search index lag behind the posts."""
    return bool(story_days.changed(store)) or bool(index(store).changed(_states(store)))


def index(store: Store) -> search_index.SearchIndex:
    """The lab's search index."""
    return search_index.SearchIndex(store.local / "search.sqlite", normalize.searchable)


def extend_stories(store: Store, read: Callable[[date, date], pl.DataFrame]) -> None:
    """Give the posts of changed days their stories. `read`: the stories (PostStory) of a period as people decided."""
    changed = story_days.changed(store)
    with tqdm(total=len(changed), desc="归并事件", unit="天", leave=False, disable=None) as done:
        for days in _batches(store, changed):
            _extend(store, days, read)
            done.update(len(days))


def _extend(store: Store, days: list[date], read: Callable[[date, date], pl.DataFrame]) -> None:
    since, until = days[0] - REACH, days[-1] + REACH
    posts, post_stories = store.posts(since, until), read(since, until)
    # later days that have no stories yet come in a batch of their own
    later = posts.filter(pl.col("day") > days[-1]).join(post_stories, on="post_id", how="semi")
    posts = pl.concat([posts.filter(pl.col("day") <= days[-1]), later])
    if posts.join(post_stories, on="post_id", how="anti").height:
        _extend_vectors(store, posts.filter(pl.col("day").is_in(days)))
        vectors = story_days.vectors(store, since, until)
        grouped = stories.group(posts, store.tokens(since, until), post_stories, vectors=vectors)
        story_days.put(store, posts.filter(pl.col("day").is_in(days)), grouped)
    story_days.settle(store, days)


def _extend_vectors(store: Store, posts: pl.DataFrame) -> None:
    """Keep what new relevant originals among `posts` mean, where the extra `meaning` is installed."""
    if not meaning.installed():
        return
    by_words = pl.col("kind").cast(pl.String) == stories.BY_WORDS
    wanted = posts.filter(pl.col("relevant") & pl.col("copy_of").is_null() & ~by_words)
    days = wanted["day"].unique().sort().to_list()
    for day in tqdm(days, desc="语义向量", unit="天", leave=False, disable=None):
        there = story_days.vectors(store, day, day)
        new = wanted.filter(pl.col("day") == day)
        new = new if there is None else new.join(there, on="post_id", how="anti")
        if new.height:
            story_days.put_vectors(store, day, meaning.vectors(new))


def _batches(store: Store, days: list[date]) -> Iterator[list[date]]:
    """Changed days in order, near each other, at most a batch of posts at a time."""
    batch: list[date] = []
    rows = 0
    for day in days:
        n = store.height("posts", day)
        if batch and (rows + n > BATCH or day - batch[-1] > REACH):
            yield batch
            batch, rows = [], 0
        batch, rows = [*batch, day], rows + n
    if batch:
        yield batch


def extend_index(store: Store, *, progress: bool = True) -> None:
    """Put the posts of changed days into the search index."""
    states = _states(store)
    target = index(store)
    for name in tqdm(
        target.changed(states), desc="建搜索索引", unit="天", leave=False, disable=None if progress else True
    ):
        posts = store.day("posts", date.fromisoformat(name))
        text = pl.concat_str("title", "text", "quoted", separator="\n", ignore_nulls=True)
        target.put(posts.select("post_id", "published_at", text=text), name, states.get(name, ""))


def grade_sources(store: Store, posts: pl.DataFrame, post_stories: pl.DataFrame) -> None:
    """Keep the tier that four weeks of posts, and the stories that are the bureau's matters, speak for."""
    store.put_tiers(visits.grade(store.settings.sources, posts, post_stories))


def _states(store: Store) -> dict[str, str]:
    return {f"{day}": f"{READING}:{store.state('posts', day)}" for day in store.days()}


def learn_relevance(store: Store, labels: pl.DataFrame, posts: pl.DataFrame) -> classifier.Model:
    """A model of relevance from labels (post_id, relevant) of `posts`, kept. The same labels give the same one."""
    rows = posts.drop("relevant").join(labels.select("post_id", "relevant"), on="post_id").sort("post_id")
    originals = rows["copy_of"].fill_null(rows["post_id"]).to_list()
    model = classifier.train(
        classifier.texts(rows).to_list(), rows["relevant"].to_list(), at=datetime.now(UTC), groups=originals
    )
    if (there := artifacts.get_bytes(store, "relevance", model.version)) is not None:
        return classifier.from_json(there)
    artifacts.put_bytes(store, "relevance", model.version, model.to_json())
    return model


def relevance_model(store: Store) -> classifier.Model | None:
    """The newest model. Raises LabError for one that was changed after it was made."""
    models = [classifier.from_json(body) for body in artifacts.all_bytes(store, "relevance")]
    return max(models, key=lambda model: (model.trained_at, model.version), default=None)
