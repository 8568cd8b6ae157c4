"""Pictures of a story's spread: the finding first, no order that is not known, a text for who cannot see them."""

from __future__ import annotations

from datetime import timedelta

import plotly.graph_objects as go
import polars as pl
import pytest

from opinion_lab.analyse import cascades, coordination
from opinion_lab.analyse.cascades import forecasting
from opinion_lab.analyse.cascades.forecasting import Forecast
from opinion_lab.analyse.lifecycle import first_seen
from opinion_lab.report.figures import spread as figures
from opinion_lab.rules import SHIPPED
from tests import make
from tests.analyse.test_coordination import BURST, said
from tests.analyse.test_forecast import drawn, story
from tests.analyse.test_platforms import HOURLY, story as seen
from tests.make import ZONE

NEAR = first_seen.first(seen(("甲", "board_entry", "10:05"), ("乙", "board_entry", "10:35")), HOURLY, zone=ZONE)
FAR = first_seen.first(
    seen(("甲", "board_entry", "10:05"), ("乙", "board_entry", "17:35"), ("<b>丙", "post", "11:00")), HOURLY, zone=ZONE
)
ONE = first_seen.first(seen(("甲", "post", "10:05")), HOURLY, zone=ZONE)
BLIND = first_seen.first(seen(("甲", "post", "10:05"), ("丁", "board_entry", "23:05")), HOURLY, zone=ZONE)
HOUR = timedelta(hours=1)
MODEL = forecasting.of_table(SHIPPED.size_forecast)
TOLD = [cascades.forecast(drawn(4, 400), at=h * HOUR, model=MODEL) for h in (1, 3)]
THIN = [cascades.forecast(story([9000.0] * 30), at=HOUR, model=MODEL)]


def alt(fig: go.Figure) -> str:
    return str(fig.layout.meta["alt"])


@pytest.mark.parametrize(
    ("firsts", "finding", "described"),
    [
        (NEAR, "甲、乙谁先说不准：相差在误差（最长1小时）之内", "乙：可能最先（看榜间隔1小时）"),
        (FAR, "最先见于甲；<b>丙至少晚55分钟、乙至少晚6小时", "乙：晚6小时–8小时（看榜间隔1小时）"),
        (ONE, "只见于甲，没有跨平台先后可比", "区间图：只见于甲"),
        (BLIND, "甲、丁谁先说不准：看榜间隔不明", "丁：可能最先（看榜间隔不明，不排先后）"),
        (ONE.clear(), "没有", "区间图"),
    ],
)
def test_lags_say_no_more_than_is_known(firsts: pl.DataFrame, finding: str, described: str) -> None:
    fig = figures.platform_lags(firsts, zone=ZONE)
    assert finding in fig.layout.meta["finding"] and described in alt(fig)
    assert "<b>" not in fig.to_json().replace(str(fig.layout.meta), "").split('"meta"')[0]


@pytest.mark.parametrize(
    ("told", "final", "finding"),
    [
        (TOLD, 400, "次的区间包含它"),
        (TOLD[:1], 100_000, "实际100,000条，在区间之外"),
        (TOLD, None, "八成把握在"),
        (THIN, 31, "当时不足20条，还不能预测会有多大"),
        ([], None, "没有"),
    ],
)
def test_forecasts_say_whether_they_held(told: list[Forecast], final: int | None, finding: str) -> None:
    fig = figures.forecasts(told, final=final, zone=ZONE)
    assert finding in fig.layout.meta["finding"]
    assert all(f"首帖后{1 + 2 * i}小时" in alt(fig) for i in range(len(told)))
    assert len(figures.chances(told, [50, 300], zone=ZONE)) == len(told)


def test_chances_are_words_a_clerk_reads() -> None:
    table = figures.chances([*TOLD, *THIN], [50, 10**7], zone=ZONE)
    assert table.columns == ["时刻", "已有", "预计最终", "八成把握", "达到50条", "达到1e+07条"]
    assert table["达到50条"].to_list() == ["已达到", "已达到", None]
    assert table["达到1e+07条"][0] == "不到1%"
    note = figures.forecast_note([*TOLD, *THIN])
    assert "不知道之后的回应" in note and "还不能预测" in note and "公开微博转发链" in note


@pytest.mark.parametrize(("n", "wanted"), [(347.2, 350), (1234, 1200), (99.4, 99), (7.6, 8), (15_050, 15_000)])
def test_forecasts_keep_two_digits(n: float, wanted: int) -> None:
    assert figures._rounded(n) == wanted


def test_bursts_are_told_with_their_doubt() -> None:
    bursts = coordination.bursts(make.posts(said(BURST)))
    assert "12个账号在33秒内" in figures.coordination_finding(bursts)
    assert "不是证据" in figures.coordination_finding(bursts)
    assert figures.coordination_finding(bursts.clear()).startswith("没有发现")
    assert figures.coordination_table(bursts)["innocent"][0] == figures.NO_SIGN
