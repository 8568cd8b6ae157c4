"""How big a cascade gets, told early: ours against SEISMIC and log-linear regression on the first hour's count.

Real cascades of `ced_cascades`, five folds by case; every figure is of cascades that the fold did not learn from.
SEISMIC is the published estimator (Zhao et al. 2015, constants of its R package). Follower counts of those who pass
on are not known, so every degree is the same; "tuned" has the two published corrections, alpha on what is added and
gamma on how infectious it is, set on the training folds at each age. Log-linear: Szabo & Huberman 2010, a constant
factor ("constant") and a free slope ("slope"). `--write` fits all cascades and writes the table `size_forecast`.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
from numpy.typing import NDArray

from opinion_lab import config
from opinion_lab.analyse import cascades
from opinion_lab.analyse.cascades import forecasting
from opinion_lab.analyse.cascades.regression import LOOK
from opinion_lab.collect.parsers.tables import exports, mapping as mappings
from opinion_lab.prepare import posts as prepared
from opinion_lab.rules import SHIPPED, TABLES
from tests.benchmarks.harness import SHARED

AGES = (900, 3600, 10_800)
FOLDS = 5
RATES = (0.8, 0.9)
PRIOR = forecasting.of_table(SHIPPED.size_forecast)
Floats = NDArray[np.float64]

#: The published memory of readers: flat for five minutes, then a power law.
THETA, FLAT = 0.2314843, 300.0
HEIGHT = 1 / (FLAT * (1 + 1 / THETA))


def read(path: Path) -> pl.DataFrame:
    """The cascades as posts, by the doors that a lab would use; `key` is the cascade."""
    mapping = mappings.load(*SHIPPED.mapping("repost-cascades"))
    now, zone = datetime(2026, 9, 1, tzinfo=UTC), ZoneInfo("Asia/Shanghai")
    parsed = exports.parse(path.read_bytes(), mapping, capture="0" * 64, collected_at=now, zone=zone)
    built = prepared.build(
        parsed.items, key=bytes(32), zone=zone, organisations=config.Organisations(), redaction_rules=SHIPPED.redaction
    )
    return built.posts.with_columns(key=pl.coalesce("root_id", "post_id"))


def memory(lag: Floats) -> Floats:
    return np.where(lag < 0, 0, HEIGHT * (np.maximum(lag, FLAT) / FLAT) ** -(1 + THETA))


def remaining(lag: Floats) -> Floats:
    return np.where(lag <= FLAT, 1 - HEIGHT * lag, HEIGHT * FLAT / THETA * (np.maximum(lag, FLAT) / FLAT) ** -THETA)


def seismic(at: Floats, age: float) -> tuple[int, float, float]:
    """Posts so far, what they still draw at once, and how infectious each is (from 1 on, there is no end)."""
    x = at[at <= age]
    window = float(np.clip(age / 2, 300, 7200))
    if (x[1:] >= age - window).sum() < 5:  # the package looks back to the last five
        window = max(age - x[max(len(x) - 6, 0)], 1.0)
    recent = x[1:][x[1:] >= age - window]
    u = np.linspace(age - window, age, 241)
    weight = 1 - (age - u) / window
    exposed = np.trapezoid(memory(u[None] - x[:, None]) * weight, u, axis=1).sum()
    infectious = float((1 - (age - recent) / window).sum() / exposed)
    return len(x), infectious * float(remaining(age - x).sum()), infectious


def ended(parts: Floats, alpha: float = 1.0, gamma: float = 1.0) -> Floats:
    seen, drawn, infectious = parts.T
    rest = 1 - gamma * infectious
    return np.where(rest > 0, seen + alpha * drawn / np.where(rest > 0, rest, 1), np.inf)


def tuned(parts: Floats, size: Floats) -> tuple[float, float]:
    grid = itertools.product(np.geomspace(0.05, 2, 14), [0.0, *np.geomspace(0.05, 1, 14)])
    return min(grid, key=lambda ag: off(ended(parts, *ag), size))


def off(told: Floats, size: Floats, among: NDArray[np.bool_] | slice = slice(None)) -> float:
    return float(np.median((np.abs(told - size) / size)[among]))


def main() -> None:
    posts = read(SHARED / "ced_cascades" / "cascades.jsonl.gz").sort("key", "published_at", "post_id")
    if "--write" in sys.argv:
        write(posts)
    cases = [frame.drop("key") for (_,), frame in posts.group_by("key", maintain_order=True)]
    # the keys are hashes, so that folds do not follow the date
    fold = np.arange(len(cases)) % FOLDS
    size = np.array([frame.height for frame in cases], float)
    times = [f["published_at"].dt.epoch("us").to_numpy() / 1e6 for f in cases]
    times = [at - at[0] for at in times]
    told: dict[int, list] = {age: [None] * len(cases) for age in AGES}
    for f in range(FOLDS):
        past = pl.concat([cases[i] for i in np.flatnonzero(fold != f)])
        model = forecasting.learn(past, fewest=1, prior=PRIOR)
        for age, i in itertools.product(AGES, np.flatnonzero(fold == f)):
            told[age][i] = cascades.forecast(cases[i], at=timedelta(seconds=age), model=model)
    for age in AGES:
        compare(age, told[age], times, size, fold)
    elsewhere(cases)


def elsewhere(cases: list[pl.DataFrame]) -> None:
    """What a lab's own archive adds where its stories are of another kind than those that the table was learnt on.

    Cascades of the one half of the years stand for what ships, of the other for a lab, and the other way round; those
    that a forecast is shown of are judged.
    """
    cases = sorted(cases, key=lambda frame: frame["published_at"][0])
    halves = cases[: len(cases) // 2], cases[len(cases) // 2 :]
    for name, (there, here) in {"later years": halves, "earlier years": halves[::-1]}.items():
        shipped = forecasting.learn(pl.concat(there), fewest=1, prior=PRIOR)
        hour = timedelta(hours=1)
        archive, trial = here[::2], here[1::2]
        early = [c.filter(pl.col("published_at") <= c["published_at"].min() + hour).height for c in trial]
        trial = [c for c, n in zip(trial, early, strict=True) if n >= forecasting.SMALL]
        for n in (0, 60, 200, len(archive)):
            own = forecasting.learn(pl.concat(archive[:: len(archive) // n][:n]), prior=shipped) if n else shipped
            found = [cascades.forecast(c, at=hour, model=own) for c in trial]
            size = np.array([c.height for c in trial], float)
            held = np.mean([f.low <= s <= f.high for f, s in zip(found, size, strict=True)])
            error = off(np.array([f.expected for f in found]), size)
            how = ", ".join(f["rule"] for f in own.learnt[1:]) or "shipped"
            print(f"{name}, {n} own: at one hour {error:.1%}, 80 % intervals hold {held:.1%} ({how})", flush=True)


def compare(age: int, told: list, times: list[Floats], size: Floats, fold: NDArray[np.int64]) -> None:
    parts = np.array([seismic(at, age) for at in times])
    seen = parts[:, 0]
    log_seen, log_size = np.log(seen), np.log(size)
    ways = {name: np.empty(len(size)) for name in ("constant", "slope", "tuned")}
    for f in range(FOLDS):
        here, there = fold == f, fold != f
        ways["constant"][here] = seen[here] * np.exp((log_size - log_seen)[there].mean())
        line = np.polyfit(log_seen[there], log_size[there], 1)
        ways["slope"][here] = np.maximum(np.exp(np.polyval(line, log_seen[here])), seen[here])
        ways["tuned"][here] = ended(parts[here], *tuned(parts[there], size[there]))
    table = {
        "ours (regression)": np.array([t.expected for t in told]),
        "log-linear, slope": ways["slope"],
        "log-linear, constant": ways["constant"],
        "SEISMIC, tuned": ways["tuned"],
        "SEISMIC, as published": ended(parts),
    }
    large = seen >= forecasting.SMALL
    print(f"after {age // 60} minutes ({len(size):,} cascades; of {forecasting.SMALL} posts by then: {large.sum():,})")
    for name, values in table.items():
        print(f"  {name:<24} median error {off(values, size):7.1%}   of these {off(values, size, large):7.1%}")
    for rate in RATES:
        ends = np.array([t.interval(rate) for t in told])
        inside = (size >= ends[:, 0]) & (size <= ends[:, 1])
        thirds = [np.array(g) for g in np.array_split(np.argsort(seen, kind="stable"), 3)]
        by = ", ".join(f"{inside[g].mean():.1%}" for g in thirds)
        width = np.median(ends[:, 1] / ends[:, 0])
        print(f"  {rate:.0%} intervals hold {inside.mean():.1%} ({by} by posts so far); high/low {width:.1f}")
    for level in (300, 600):
        chance = np.array([t.chance(level) for t in told])
        print(f"  chance of {level}: Brier {np.mean((chance - (size >= level)) ** 2):.3f}", end="")
        print(f" (base rate alone {np.var(size >= level):.3f})")
        for low, high in itertools.pairwise((0, 0.2, 0.4, 0.6, 0.8, 1.001)):
            at = (chance >= low) & (chance < high) & (seen < level)
            if at.any():
                print(f"    said {chance[at].mean():.0%}, came {(size >= level)[at].mean():.0%} ({at.sum()})")


HEAD = """\
# 预测“会有多大”的系数表：由程序拟合，不必手改。本实验室攒够 20 件已结束的事件后，误差按自己的校准；攒够 200 件后
# 全部按自己的学，不再用这张表。
#
# 来源：2,180 条公开的微博转发链（2010–2014，每条 4–962 帖），只有数字，没有任何文字和账号。
# 读法：每个时刻（seconds，距首帖秒数）一组；每一行是 [折点]、[该处的加减]，各行相加再加 intercept，就是
#       “最终条数 ÷ 此刻条数”的自然对数；residuals 是留出检验的误差分位数，scale 是误差大小随情形的变化。
# 局限：这些链都是事后挑出来的、有一定规模的，所以不足20条的不预测（学的时候也按20条看），对刚起步的帖子会估高；
#       最大不到一千帖，更大的只按倍数外推；当年的微博与今天的多平台传播不同，只当量级看。
"""


def lines(model: forecasting.Model) -> Iterator[str]:
    """A model as lines of TOML, as `rules.size_forecast` reads them."""
    yield f'basis = "{model.basis}"'
    for age, r in zip(model.ages, model.regressions, strict=True):
        yield f"\n[[age]]\nseconds = {age}\nintercept = {r.intercept:.4f}"
        for name, k, v in zip(LOOK, r.knots, r.values, strict=True):
            yield f"{name} = [[{', '.join(f'{x:.6f}' for x in k)}], [{', '.join(f'{x:.4f}' for x in v)}]]"
        for name, values in (("bends", r.bends), ("scale", r.scale), ("residuals", r.residuals)):
            yield f"{name} = [{', '.join(f'{x:.4f}' for x in values)}]"


def write(posts: pl.DataFrame) -> None:
    model = forecasting.learn(posts.drop("key"), fewest=1, prior=PRIOR)
    named = forecasting.Model(
        model.ages,
        model.regressions,
        "随附的经验值（2010–2014年2,180条公开微博转发链；对多平台事件没有检验过，仅作量级参考）",
    )
    path = config.PACKAGE / "rules" / TABLES["size_forecast"].path
    path.write_text(HEAD + "\n".join(lines(named)) + "\n", encoding="utf-8")
