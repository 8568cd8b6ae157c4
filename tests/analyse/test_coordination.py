"""The same words from many accounts within seconds: found, counted, explained, and nobody named."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from opinion_lab.analyse import coordination
from opinion_lab.report.figures import spread
from tests import make

START = datetime(2026, 9, 8, 4, 20, tzinfo=UTC)
WORDS = "食堂里吃出异物了大家都来看看吧要求公开道歉并赔偿"


def said(seconds: list[float], text: str = WORDS, who: str = "u", **columns: Any) -> list[dict[str, Any]]:
    return [
        {"text": text, "published_at": START + timedelta(seconds=s), "author_id": f"{who}{i}", **columns}
        for i, s in enumerate(seconds)
    ]


BURST = [float(3 * i) for i in range(12)]
SPREAD = [300 + 600.0 * i for i in range(40)]


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        (said(BURST), [(12, 12)]),
        (said([s * 2 for s in BURST]), [(12, 12)]),  # windows that overlap are one burst
        (said(BURST[:4]), []),
        # twice is two bursts; the words said now and then besides do not hide them
        (said(BURST) + said([s + 7200 for s in BURST], who="v") + said(SPREAD, who="w"), [(12, 12), (12, 12)]),
        (said(SPREAD), []),
        # one account that says it over and over is no crowd
        ([{**r, "author_id": "u0"} for r in said(BURST)], []),
        # nor are accounts that nobody knows
        ([{**r, "author_id": None} for r in said(BURST)], []),
        ([{**r, "author_id": None} if i > 5 else r for i, r in enumerate(said(BURST))], [(12, 6)]),
        # what everybody says all the time comes together by chance
        (said([6.0 * i for i in range(600)]), []),
        # other words between them are other words; short remarks and empty reposts are nobody's plan
        ([{**r, "text": f"{WORDS}{'甲乙丙丁戊己庚辛壬癸子丑'[i]}"} for i, r in enumerate(said(BURST))], []),
        (said(BURST, text="太可怕了"), []),
        (said(BURST, text=""), []),
        # marks, emoticons, links and whom it addresses make no other words
        ([{**r, "text": f"@网友{i} {WORDS}[怒]！http://t.cn/x{i}"} for i, r in enumerate(said(BURST))], [(12, 12)]),
    ],
)
def test_which_bursts_are_found(rows: list[dict[str, Any]], found: list[tuple[int, int]]) -> None:
    posts = make.posts(sorted(rows, key=lambda r: r["published_at"]))
    bursts = coordination.bursts(posts)
    assert bursts.select("n", "accounts").rows() == found
    assert coordination.bursts(posts.sample(fraction=1, shuffle=True, seed=3)).equals(bursts)


@pytest.mark.parametrize(
    ("columns", "sign"),
    [
        ({"text": f"#文明餐桌#{WORDS}"}, "tag"),
        ({"text": f"{WORDS} http://t.cn/abc"}, "button"),
        ({"text": f"{WORDS}（分享自某新闻客户端）"}, "button"),
        ({"author_kind": "media"}, "media"),
        ({"text": "严查食堂给孩子交代"}, "slogan"),
    ],
)
def test_innocent_explanations_are_named_where_there_is_a_sign(columns: dict[str, Any], sign: str) -> None:
    found = coordination.bursts(make.posts([r | columns for r in said(BURST)]))
    assert found["innocent"].to_list() == [[sign]]


def test_without_a_sign_it_is_said_that_this_proves_nothing() -> None:
    found = coordination.bursts(make.posts(said(BURST)))
    assert found["innocent"].to_list() == [[]] and "不等于" in spread.coordination_table(found)["innocent"][0]


def test_numbers_and_kinds_but_nobody_by_name() -> None:
    rows = said(BURST, text=f"@张三丰 {WORDS}", author_name="某人")
    found = coordination.bursts(
        make.posts([{**r, "author_kind": "media" if i < 2 else "person"} for i, r in enumerate(rows)])
    )
    row = found.row(0, named=True)
    assert (row["persons"], row["institutions"], row["unknown"], row["platforms"]) == (10, 2, 0, ["微博"])
    assert row["end"] - row["start"] == timedelta(seconds=33) and 0 < row["expected"] < 1
    told = str(found.to_dicts())
    assert "张三丰" not in told and "某人" not in told and "u0" not in told
    assert not [c for c in found.columns if "author" in c]


def test_no_posts_no_bursts() -> None:
    assert coordination.bursts(make.posts(said(BURST)).clear()).is_empty()
    assert coordination.bursts(make.posts([{}])).columns == coordination.bursts(make.posts(said(BURST))).columns
