"""Topics from run to run: ids stay, and what is born, split, merged or dies is said so; what is kept is kept whole."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from opinion_lab.analyse import topics
from opinion_lab.analyse.topics import lineage, vectors
from opinion_lab.config import LabError
from opinion_lab.report import wording
from opinion_lab.storage import artifacts
from opinion_lab.storage.store import Store
from tests.analyse.test_topics import COMMON, THEMES, frame


def said(themes: dict[str, int], seed: int, prefix: str) -> pl.DataFrame:
    """Posts of the themes, so many of each."""
    random = np.random.default_rng(seed)
    texts = []
    for theme, n in themes.items():
        words = THEMES[theme].split()
        texts += [[*random.choice(words, 5, replace=False), *random.choice(COMMON, 2)] for _ in range(n)]
    return frame([[str(w) for w in text] for text in texts], prefix)


def by_theme(model: topics.TopicModel) -> dict[str, int]:
    """The id of each theme's topic."""
    found = {}
    for topic, words in model.topics.select("topic_id", "words").rows():
        for theme, own in THEMES.items():
            if len(set(words[:6]) & set(own.split())) >= 4:
                found[theme] = topic
    return found


@pytest.fixture(scope="module")
def today() -> topics.TopicModel:
    return topics.fit(said({"食堂": 150, "健身": 90, "加油": 60}, 0, "a"), n_topics=3)


@pytest.mark.parametrize("shared", [True, False], ids=["by posts", "by words"])
def test_a_topic_that_goes_on_keeps_its_id_whatever_its_size(today: topics.TopicModel, shared: bool) -> None:
    old = said({"食堂": 150, "健身": 90, "加油": 60}, 0, "a")
    more = said({"加油": 200, "食堂": 60, "健身": 60}, 1, "b")
    new = topics.fit(pl.concat([old, more]) if shared else more, n_topics=3, seed=3)
    matched, changes = lineage.match(lineage.state(today), new)
    assert by_theme(matched) == by_theme(today)
    assert set(changes["what"]) == {"continued"}
    assert matched.topics["n_posts"].to_list() == new.topics["n_posts"].to_list()
    again = matched.assign(more)
    assert again.filter(pl.col("topic_id") == by_theme(today)["加油"]).height > 150, "later posts go by the same ids"
    assert topics.places(matched)["topic_id"].to_list() == matched.topics["topic_id"].to_list()[:-1]


def test_born_and_died(today: topics.TopicModel) -> None:
    before = topics.fit(said({"食堂": 150, "健身": 90}, 0, "a"), n_topics=2)
    after = topics.fit(said({"食堂": 150, "加油": 90}, 1, "b"), n_topics=2)
    matched, changes = lineage.match(before, after)
    assert changes["what"].to_list() == ["continued", "born", "died"]
    assert by_theme(matched)["加油"] == 2, "the id of the dead is not given again"
    later, _ = lineage.match(lineage.state(matched), topics.fit(said({"食堂": 90, "健身": 90}, 2, "c"), n_topics=2))
    assert by_theme(later)["健身"] == 3
    told = wording.lineage(changes)
    assert "新出现1个" in told and "消失1个" in told and "延续1个" in told
    assert "没有更早的一次可比" in wording.lineage(lineage.match(None, today)[1])


def regrouped(model: topics.TopicModel, groups: list[list[int]]) -> topics.TopicModel:
    """The same posts under topics made of the old ones."""
    into = {old: new for new, olds in enumerate(groups) for old in olds}
    posts = model.post_topics.with_columns(pl.col("topic_id").replace_strict(into, default=-1, return_dtype=pl.Int64))
    sizes = dict(posts.group_by("topic_id").len().iter_rows())
    rows = [
        {"topic_id": i, "label": f"话题{i}", "words": [], "n_posts": sizes.get(i, 0), "share": 0.0}
        for i in range(len(groups))
    ]
    frame = pl.DataFrame(rows, schema=model.topics.schema)
    stamps = model.stamps.head(len(groups)).with_columns(topic_id=pl.int_range(pl.len(), dtype=pl.Int64))
    division = replace(model.division, ids=tuple(range(len(groups))))
    return replace(model, topics=frame, post_topics=posts, stamps=stamps, division=division)


def test_split_and_merged(today: topics.TopicModel) -> None:
    one = regrouped(today, [[0, 1], [2]])
    _, changes = lineage.match(one, today)
    assert sorted(changes.rows(named=False), key=lambda r: r[0])[0][2] == "split"
    assert changes["what"].to_list().count("split") == 2 and "died" not in changes["what"].to_list()
    _, changes = lineage.match(today, one)
    assert changes.filter(pl.col("topic_id") == 0)["what"].to_list() == ["merged"]
    assert "died" not in changes["what"].to_list(), "what was merged has not died"
    assert changes.filter(pl.col("what") == "merged")["before"].list.len()[0] == 2


def test_what_is_kept_is_versioned_and_read_back(lab: Store, today: topics.TopicModel) -> None:
    assert artifacts.get(lab, "topics") is None
    kept = lineage.state(today)
    artifacts.put(lab, "topics", "2026-09-08", kept)
    artifacts.put(lab, "topics", "2026-09-09", kept.head(1))
    assert artifacts._versions(lab, "topics") == ["2026-09-08", "2026-09-09"]
    assert artifacts.get(lab, "topics", before="2026-09-09").equals(kept)  # type: ignore[union-attr]
    assert artifacts.get(lab, "topics").height == 1  # type: ignore[union-attr]
    for day in range(40):
        artifacts.put(lab, "topics", f"2027-{day:02}", kept)
    assert len(artifacts._versions(lab, "topics")) == artifacts.KEPT
    with pytest.raises(LabError, match="格式不对"):
        lineage.match(kept.drop("posts"), today)


def test_kept_vectors_serve_posts_with_new_words(lab: Store) -> None:
    archive = said({"食堂": 400, "健身": 400, "加油": 400}, 5, "z")
    artifacts.put(lab, "words", "2026-09-08", vectors.keep(archive))
    assert vectors.keep(archive.reverse()).equals(vectors.keep(archive)), "row order does not matter"
    words = artifacts.get(lab, "words")
    tokens = said({"食堂": 40, "健身": 40}, 6, "a")
    name = pl.when(pl.int_range(pl.len()) < 40).then(pl.lit(["云溪一中"])).otherwise(pl.lit([], pl.List(pl.String)))
    named = tokens.with_columns(name.list.concat("tokens").alias("tokens"))
    model = topics.fit(named, n_topics=2, kept=words)
    strange = model.assign(frame([["云溪一中"]]))
    assert strange["topic_id"].to_list() == [by_theme(model)["食堂"]], "a word that the archive lacks is learnt here"
    with pytest.raises(LabError, match="opinion-lab learn"):
        topics.fit(tokens, n_topics=2, kept=words.drop("idf"))  # type: ignore[union-attr]
