"""Attitude is learnt from a lab's labels or not measured at all."""

import itertools

import polars as pl
import pytest

from opinion_lab.analyse import attitude
from opinion_lab.config import LabError
from opinion_lab.storage import decisions
from tests import make

WHO = {
    "business": ("这家店", "老板", "商家"),
    "bureau": ("市监局", "执法的人", "窗口"),
    "others": ("隔壁邻居", "那个司机", "家长"),
}
BAD = ("太过分了，骗人", "真让人气愤", "黑心得很", "敷衍了事", "不讲道理，失望", "恶心透了")
PLAIN = ("今天开门", "在路口", "排队的人不多", "下周休息", "路过看看", "门牌换了")
PLACES = ("东街", "西街", "南门", "北门", "河边", "山下", "桥头")


def labelled() -> pl.DataFrame:
    """378 posts with the attitude that a person gave each, and towards whom."""
    rows = []
    for (towards, names), place in itertools.product(WHO.items(), PLACES):
        rows += [{"text": f"{place}{n}{b}", "attitude": "negative", "towards": towards} for n in names for b in BAD[:3]]
        rows += [{"text": f"{place}{n}{b}", "attitude": "neutral", "towards": None} for n in names for b in PLAIN[:3]]
    posts = make.posts([{"text": r["text"]} for r in rows])
    given = pl.DataFrame(rows, schema_overrides={"towards": pl.String}).select("attitude", "towards")
    return pl.concat([posts, given], how="horizontal")


def test_it_is_learnt_from_labels() -> None:
    model = attitude.learn(labelled())
    assert model is not None
    texts = ("城里这家店骗人，太过分了", "城里市监局黑心得很", "城里排队的人不多，开门", "")
    found = attitude.of(make.posts([{"text": t} for t in texts]), model)
    assert found["attitude"].to_list() == ["negative", "negative", "neutral"]  # nothing said: no attitude
    assert found["towards"].to_list() == ["business", "bureau", None]
    assert found["chance"].is_between(0.5, 1).all()


def test_few_labels_teach_nothing() -> None:
    posts = labelled()
    assert attitude.learn(posts.head(attitude.FEWEST - 1)) is None
    assert attitude.learn(posts.filter(pl.col("attitude") == "negative")) is None
    unaimed = attitude.learn(posts.with_columns(towards=pl.lit(None, pl.String)))
    assert unaimed is not None and unaimed.towards is None


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("relevant", "relevant"),
        ("负面", "negative"),
        ("负面 商家", "negative business"),
        ("负面对本局", "negative bureau"),
        ("正面：他人", "positive others"),
        ("negative business", "negative business"),
        ("neutral", "neutral"),
    ],
)
def test_labels_as_people_write_them(written: str, kept: str) -> None:
    assert decisions.label(written) == kept
    assert decisions.label(kept) == kept


@pytest.mark.parametrize("written", ["", "很差", "负面 老王", "商家", "negative somebody"])
def test_what_is_no_label_is_refused(written: str) -> None:
    with pytest.raises(LabError, match="看不懂"):
        decisions.label(written)
