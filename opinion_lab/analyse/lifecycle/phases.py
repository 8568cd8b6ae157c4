"""A story's counts -> its phases: latent, spreading, peak, declining, ended, and the waves after the first.

The level of a story is its posts per hour with the rhythm of day and night divided out: the posts under a moving bell
over what the rhythm lets expect there. So a quiet night neither ends a phase nor starts one. 10 % and 50 % are this
lab's choice; "ended" below 1 % of the peak day without rebound is the one published rule that it knows.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, tzinfo
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from opinion_lab import schemas
from opinion_lab.schemas import fact

Floats = NDArray[np.float64]

LATENT, PEAK, ENDED = 0.10, 0.50, 0.01
#: Two peaks are two waves when the level between them falls to this part of the maximum, and the posts between them
#: are fewer than half the maximum lets expect by so many standard errors (Poisson); else they are one.
DIP, SURE = 0.40, 3.0
SMALL = 20  # posts; fewer make no curve
ENOUGH = 40  # posts under the bell at the peak: the level is then known to about a sixth
NARROWEST, WIDEST = 0.75, 6.0  # the bell's standard deviation in hours
BLIND = 0.2  # of a story's places: where fewer were looked at, no post is no sign of silence
FLOOR = 0.2  # of the mean: at four in the morning three posts prove nothing
BACKGROUND = 2000  # posts from which the rhythm is worth measuring
#: Hours 0 to 23, mean 1, Chinese time: 171,035 reposts made more than a day after their original in 2,180 public
#: Weibo cascades of 2010 to 2014 (the first day would show when originals are posted, not when people read).
RHYTHM = (
    *(1.17, 0.74, 0.53, 0.41, 0.36, 0.35, 0.45, 0.97, 1.30, 1.47, 1.52, 1.42),
    *(1.35, 1.42, 1.20, 1.05, 1.05, 0.95, 0.91, 0.93, 0.97, 1.07, 1.22, 1.17),
)


def liveliness(epoch: Floats) -> Floats:
    """How lively people in China are at these times (seconds since 1970), mean 1."""
    hours = np.array(RHYTHM) / np.mean(RHYTHM)
    return np.interp((epoch / 3600 + 8) % 24, np.arange(25), [*hours, hours[0]])


def count(
    posts: pl.DataFrame,
    *,
    every: str = "1h",
    key: str | None = None,
    until: datetime | None = None,
    holes: pl.DataFrame | None = None,
    background: pl.DataFrame | None = None,
    zone: tzinfo,
) -> pl.DataFrame:
    """Posts of one story in each bin (Count), from its first post to `until`, the end of what was collected.

    `key` defaults to the story's id. In `holes` (start, end) nothing was collected: n is null there unless a post is
    known. Holes with a `platform` take only its share from what is expected, until hardly anything is left. `expected`
    is the story's mean, spread over the hours of the day in `zone` as the `background` posts of the
    same platforms are, or as `RHYTHM` says when there are too few.
    """
    if posts.is_empty():
        return schemas.empty(schemas.Count)
    posts = posts.sort("published_at", "post_id")
    first, last = posts["published_at"][0], posts["published_at"][-1]
    ends = pl.Series([first, max(until, last) if until else last]).dt.convert_time_zone("UTC").dt.truncate(every)
    bins = pl.datetime_range(ends[0], ends[1], every, time_zone="UTC", eager=True).dt.cast_time_unit("us")
    collected = posts.group_by(bin=pl.col("published_at").dt.truncate(every)).agg(n=pl.len().cast(pl.Int64))
    frame = pl.DataFrame({"bin": bins}).join(collected, on="bin", how="left", maintain_order="left")
    watched = _watched(posts, bins, holes)
    hour = bins.dt.convert_time_zone(str(zone)).dt.hour()
    weight = pl.Series(_rhythm(posts, background, zone)).gather(hour)
    if frame.height > 1 and bins[1] - bins[0] >= timedelta(hours=12):
        weight = pl.Series([1.0] * frame.height)  # a bin that holds day and night knows no hours
    weight = weight * watched.clip(lower_bound=BLIND)
    frame = frame.with_columns(
        key=pl.lit(key or f"s_{posts['post_id'][0]}"),
        n=pl.when((watched < BLIND) & pl.col("n").is_null()).then(None).otherwise(pl.col("n").fill_null(0)),
        expected=weight * (posts.height / weight.sum()),
    )
    return schemas.Count.validate(frame.select("key", "bin", "n", "expected", copies=pl.lit(None, pl.Int64)), cast=True)


def _watched(posts: pl.DataFrame, bins: pl.Series, holes: pl.DataFrame | None) -> pl.Series:
    """The part of the story's usual places that was looked at in each bin."""
    watched = np.ones(len(bins))
    if holes is not None:
        share = dict(posts["platform"].value_counts(normalize=True).iter_rows())
        named = holes["platform"] if "platform" in holes.columns else pl.Series([None] * holes.height, dtype=pl.String)
        for platform, start, end in zip(named, holes["start"], holes["end"], strict=True):
            lost = 1.0 if platform is None else share.get(platform, 0.0)
            watched -= lost * ((bins >= start) & (bins < end)).to_numpy()
    return pl.Series(np.maximum(watched, 0.0))


def _rhythm(posts: pl.DataFrame, background: pl.DataFrame | None, zone: tzinfo) -> Floats:
    """24 weights of mean 1: the background's, its platforms as much as in the story."""
    if background is not None:
        platforms = background.group_by("platform").agg(there=pl.len())
        platforms = platforms.join(posts.group_by("platform").agg(here=pl.len()), on="platform")
        if platforms["there"].sum() >= BACKGROUND:
            hour = pl.col("published_at").dt.convert_time_zone(str(zone)).dt.hour().cast(pl.Int64)
            hourly = background.join(platforms, on="platform").select(
                hour.alias("hour"), w=pl.col("here") / pl.col("there")
            )
            hourly = hourly.group_by("hour").agg(pl.col("w").sum()).sort("hour")
            weights = np.zeros(24)
            weights[hourly["hour"].to_numpy()] = hourly["w"].to_numpy()
            return weights / weights.mean()
    return np.array(RHYTHM) / np.mean(RHYTHM)


def of(story_counts: pl.DataFrame) -> pl.DataFrame:
    """The phases of each story in `story_counts` (Count) in order of time (Phase), without a gap between them.

    latent: below 10 % of the highest level. spreading: from 10 % up to the peak. peak: at or above 50 %. declining:
    below 50 % again; a rise from there to 50 % or more is a further wave. ended: from then on less than 1 % of the
    peak day in any 24 hours, with a day at least to show it; a story that is alive at the end of its counts has not
    ended. Fewer than 20 posts, in all or where they are densest, are one phase: undivided. `why`: the rule that set
    the start (posts an hour as `value`, held to the highest as `threshold`, the part of it as `share`, `points` the
    number of the wave), and how it was measured.
    """
    phases = [schemas.empty(schemas.Phase)]
    for _, counts in story_counts.sort("key", "bin").group_by("key", maintain_order=True):
        rows = [*_story(counts)]
        phases.append(pl.DataFrame(rows, schema=phases[0].schema, orient="row"))
    return schemas.Phase.validate(pl.concat(phases), cast=True)


def second_wave(phases: pl.DataFrame) -> datetime | None:
    """When one story (Phase) began to rise again after a decline; null when it did not."""
    after = phases.sort("start").with_columns(fell=(pl.col("phase") == "declining").cum_max())
    again = after.filter(pl.col("fell") & pl.col("phase").is_in(["spreading", "peak"]))
    return again["start"][0] if again.height else None


Facts = list[dict[str, Any]]


def _story(counts: pl.DataFrame) -> Iterator[tuple[str, str, datetime, datetime, int, Facts]]:
    """The rows of one story; bins are in order and of equal length."""
    key, bins = counts["key"][0], counts["bin"].to_list()
    step = bins[1] - bins[0] if len(bins) > 1 else timedelta(hours=1)
    n = counts["n"].cast(pl.Float64).to_numpy()
    total, missed = int(np.nansum(n)), int(np.isnan(n).sum())
    caveat = [fact("hole", hours=missed * step / timedelta(hours=1))] if missed else []
    if total < SMALL or len(bins) < 3:
        few = fact("few_posts", value=total, threshold=SMALL) if total < SMALL else fact("few_bins", value=len(bins))
        yield key, "undivided", bins[0], bins[-1] + step, total, [few, *caveat]
        return
    hours = step / timedelta(hours=1)
    deviation = _deviation(np.nan_to_num(n), hours)
    rhythm = _weights(counts["expected"].to_numpy())
    level = _level(n, rhythm, deviation / hours)
    wide = 2 * np.sqrt(np.pi) * deviation
    if (densest := float(level.max()) / hours * wide) < SMALL:  # spread over months, 20 posts are no curve either
        thin = fact("thin", value=densest, threshold=SMALL, hours=wide)
        yield key, "undivided", bins[0], bins[-1] + step, total, [thin, *caveat]
        return
    starts = _boundaries(level / hours, n, rhythm * hours, round(24 / hours))
    # the bell reaches beyond the posts: what holds none is no phase, unless it is that all is over
    ends = [*(at for at, _, _ in starts[1:]), len(bins)]
    starts = [s for s, e in zip(starts, ends, strict=True) if not s[0] or s[1] == "ended" or n[s[0] : e].any()]
    edges = [*(at for at, _, _ in starts), len(bins)]
    smoothed = fact("smoothed", hours=2 * deviation)
    for (at, phase, why), end in zip(starts, edges[1:], strict=True):
        finish = bins[end] if end < len(bins) else bins[-1] + step
        facts = [why, *([smoothed] if phase != "ended" else []), *caveat]
        yield key, phase, bins[at], finish, int(np.nansum(n[at:end])), facts


def _deviation(n: Floats, hours: float) -> float:
    """How wide the bell is, in hours: a sixteenth of the shortest time that holds half of the posts, or more if few."""
    total = np.concatenate([[0.0], np.cumsum(n)])
    until = np.searchsorted(total, total[:-1] + total[-1] / 2)
    spans = (until - np.arange(len(n)))[until < len(total)]
    half = float(spans.min()) * hours
    rate = total[-1] / 2 / half
    wide = max(half / 16, ENOUGH / (rate * 2 * np.sqrt(np.pi)))  # a bell weighs like a box of 2√π deviations
    return float(np.clip(wide, NARROWEST, WIDEST))


def _weights(expected: Floats) -> Floats:
    """The rhythm, mean 1; flat where nothing is expected."""
    known = expected[~np.isnan(expected)]
    mean = float(known.mean()) if len(known) and known.any() else 1.0
    return np.maximum(np.where(np.isnan(expected), 1.0, expected / mean), FLOOR)


def _level(n: Floats, rhythm: Floats, deviation: float) -> Floats:
    """Posts in each bin with the rhythm divided out; a hole tells nothing and is bridged by its neighbours."""
    reach = int(np.ceil(4 * deviation))
    bell = np.exp(-0.5 * (np.arange(-reach, reach + 1) / deviation) ** 2)
    collected = ~np.isnan(n)
    over = np.convolve(np.where(collected, n, 0.0), bell)[reach : reach + len(n)]
    under = np.convolve(np.where(collected, rhythm, 0.0), bell)[reach : reach + len(n)]
    known = under > 0
    return np.interp(np.arange(len(n)), np.flatnonzero(known), over[known] / under[known])


def _boundaries(level: Floats, n: Floats, rhythm: Floats, day: int) -> list[tuple[int, str, dict[str, Any]]]:
    """(bin, phase, fact) of each start, in order of time; `rhythm` in hours, so that level × rhythm is posts."""
    top = float(level.max())
    waves = _waves(level, n, PEAK * top * rhythm)
    starts: list[tuple[int, str, dict[str, Any]]] = []

    def why(rule: str, at: int, share: float, **more: float) -> dict[str, Any]:
        return fact(rule, value=float(level[at]), threshold=top, share=share, **more)

    left = 0
    for wave, (start, end) in enumerate(waves, 1):
        low = left + int(np.argmin(level[left : start + 1])) if wave > 1 else 0
        rise = low
        for begin, end_of in _runs(level[low:start] < LATENT * top):
            few = slice(low + begin, low + end_of)
            tenth = LATENT * top * rhythm[few][~np.isnan(n[few])].sum()
            # the first such stretch counts as it is; a dip after it must be more than chance
            if not begin or np.nansum(n[few]) < tenth - SURE * np.sqrt(tenth):
                rise = low + end_of
        if wave == 1 and rise > 0:
            starts.append((0, "latent", why("below", 0, LATENT)))
        if rise < start and wave > 1:
            again = why("rises_again", low, PEAK, points=wave, least=float(level[low] / top))
            starts.append((rise, "spreading", again))
        elif rise < start:
            starts.append((rise, "spreading", why("reaches" if rise else "from_start", rise, LATENT)))
        starts.append((start, "peak", why("reaches", start, PEAK, points=wave)))
        if end < len(level):
            starts.append((end, "declining", why("falls_below", end, PEAK)))
        left = end
    quiet, last, most_in_a_day = _quiet(n, left, day)
    if quiet is not None:
        calm = fact("calm", value=last, threshold=most_in_a_day, share=ENDED, hours=24)
        starts = [f for f in starts if f[0] != quiet] + [(quiet, "ended", calm)]
    return starts


def _waves(level: Floats, n: Floats, half: Floats) -> list[tuple[int, int]]:
    """Stretches at or above half of the highest level; `half` is the posts that this lets expect in each bin.

    A dip between two is the end of a wave only when it is deep and no chance. Else both are one, as far as they hold
    half of the level between them.
    """
    top = float(level.max())
    half = np.where(np.isnan(n), 0.0, half)
    n = np.nan_to_num(n)
    waves: list[tuple[int, int]] = []
    for start, end in _runs(level >= PEAK * top):
        if not waves:
            waves.append((start, end))
            continue
        first, last = waves[-1]
        expected = half[last:start].sum()
        if level[last:start].min() <= DIP * top and n[last:start].sum() <= expected - SURE * np.sqrt(expected):
            waves.append((start, end))
        elif n[last:end].sum() >= half[last:end].sum():
            waves[-1] = (first, end)
        elif n[first:last].sum() < n[start:end].sum():
            waves[-1] = (first if n[first:start].sum() >= half[first:start].sum() else start, end)
    return waves


def _quiet(n: Floats, since: int, day: int) -> tuple[int | None, float, float]:
    """The first bin from `since` after which no 24 hours reach 1 % of the peak day; their most; the peak day."""
    if len(n) <= day:
        return None, 0.0, 0.0
    collected = np.concatenate([[0], np.cumsum(~np.isnan(n))])
    sums = np.concatenate([[0.0], np.cumsum(np.nan_to_num(n))])
    watched = collected[day:] - collected[:-day]
    volume = (sums[day:] - sums[:-day]) * day / np.maximum(watched, 1)
    proof = watched * 2 >= day  # a day of which less than half was collected proves nothing
    most = float(volume[proof].max(initial=0.0))
    ahead = np.maximum.accumulate(np.where(proof, volume, 0.0)[::-1])[::-1]
    calm = np.flatnonzero((ahead < ENDED * most) & proof)
    calm = calm[calm >= since]
    return (int(calm[0]), float(ahead[calm[0]]), most) if len(calm) else (None, 0.0, most)


def _runs(flags: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Start and end (past the last) of each stretch of true."""
    turns = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(np.int8), [0]])))
    return [(int(a), int(b)) for a, b in turns.reshape(-1, 2)]
