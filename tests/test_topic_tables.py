"""The overview of topics says in words what the numbers are, and says so where there are none."""

import polars as pl

from opinion_lab.report import tables


def test_overview() -> None:
    table = pl.DataFrame({"topic_id": [0, 1, -1], "label": ["食堂", "加油", "未归类"], "n_posts": [50, 40, 10]})
    change = pl.DataFrame({"topic_id": [0, 1], "before": [10, None], "now": [30, 40], "more": [20, None]})
    lines = pl.DataFrame({"label": ["食堂", "加油"], "line": ["餐饮服务监管", "计量"], "share": [0.4, 0.01]})
    stamps = pl.DataFrame({"topic_id": [0, 1], "survived": [10, 7], "holds": [True, False]})
    found = tables.topics(table, change, lines, stamps)
    assert found["change"].to_list() == ["多20条（10→30）", None, None]
    assert found["line"].to_list() == ["餐饮服务监管（40%）", "不明显", None]
    assert found["stamp"].to_list() == ["重现10次", "重现7次，不稳", None]
