"""What an analyst types, on the invented county: stories that stay, decisions that all see, the past as it was."""

from datetime import timedelta
from typing import Any

import polars as pl
import pytest

from opinion_lab.config import LabError
from opinion_lab.lab import Lab
from opinion_lab.report.documents import brief
from opinion_lab.report.documents.review import spread
from opinion_lab.storage import decisions
from tests import make


def test_every_post_has_one_story_and_an_update_without_news_changes_nothing(county: Lab) -> None:
    posts, post_stories = county.posts(), county.post_stories()
    assert post_stories["post_id"].is_unique().all()
    assert set(post_stories["post_id"]) == set(posts["post_id"])
    assert not county.waiting()


def test_a_merged_story_is_one_everywhere_and_undone_two_again(county: Lab) -> None:
    canteen, gym = county.story("食堂"), county.story("健身房")
    sizes = {name: county.posts_of(name).height for name in (canteen, gym)}
    merged = county.decide("merge", "健身房", into="食堂", who="值班员", why="试")
    assert county.story(gym) == canteen == county.story("健身房")
    assert county.posts_of(canteen).height == sum(sizes.values())
    listed = county.stories("2026-09-01", "2026-09-30")
    assert gym not in set(listed["story_id"])
    assert listed.filter(pl.col("story_id") == canteen)["n_posts"].item() == sum(sizes.values())
    county.decide("undo", value=merged, who="值班员")
    assert {name: county.posts_of(name).height for name in (canteen, gym)} == sizes


def test_a_split_and_a_title(county: Lab) -> None:
    canteen = county.story("食堂")
    before = county.posts_of(canteen)
    apart = before["post_id"].tail(3).to_list()
    county.decide("split", canteen, posts=apart, who="值班员")
    assert county.posts_of(canteen).height == before.height - 3
    assert set(county.posts_of(county.story_of(apart[0]))["post_id"]) == set(apart)
    county.decide("rename", canteen, value="三小食堂的木耳", who="值班员")
    assert county.story("三小食堂的木耳") == canteen
    assert (
        county.stories("2026-09-08", "2026-09-12").filter(pl.col("story_id") == canteen)["title"].item()
        == "三小食堂的木耳"
    )


def test_as_of_an_hour_nothing_later_is_there(county: Lab) -> None:
    noon = make.at("2026-09-09 12:00")
    then = county.as_of("2026-09-09 12:00")
    assert then.posts()["published_at"].max() <= noon
    assert then.sightings()["seen_at"].max() <= noon
    assert then.search("食堂")["published_at"].max() <= noon
    assert then.posts_of("食堂").height < county.posts_of("食堂").height
    assert then.latest() == noon.date()
    assert then.as_of("2026-09-20 12:00").moment == noon, "the past knows no future"
    county.decide("level", "食堂", value="Ⅱ", who="分管领导", at="2026-09-09 12:00")
    story_id = county.story("食堂")
    assert county.as_of(noon - timedelta(hours=1)).levels(story_id).is_empty()
    assert then.levels(story_id)["level"].to_list() == ["Ⅱ"]


def test_search_finds_what_a_plain_look_finds(county: Lab) -> None:
    posts = county.posts("2026-09-10", "2026-09-13")
    plain = posts.filter(pl.col("title").fill_null("").str.contains("木耳") | pl.col("text").str.contains("木耳"))
    hits = county.search("木耳", "2026-09-10", "2026-09-13", most=10_000)
    assert set(plain["post_id"]) <= set(hits["post_id"]) and plain.height
    assert hits["published_at"].is_sorted(descending=True)
    assert county.count("木耳", "2026-09-10", "2026-09-13") == hits.height


def test_the_posts_behind_an_alert_a_story_or_any_table(county: Lab) -> None:
    alerts = county.alerts("2026-09-09")
    assert alerts.height and county.posts_of(alerts.row(0, named=True)).height
    stories = county.stories("2026-09-09", "2026-09-09").head(2)
    assert county.posts_of(stories).height >= stories["n_posts"].sum()
    assert county.posts_of(county.posts().head(3)).height == 3
    with pytest.raises(LabError, match="看不出"):
        county.posts_of(pl.DataFrame({"a": [1]}))


@pytest.mark.parametrize(
    ("action", "about", "says"),
    [
        ("merge", {"story": "食堂", "into": "食堂"}, "它自己"),
        ("rename", {"story": "食堂", "value": " "}, "标题"),
        ("level", {"story": "食堂", "value": "5"}, "看不懂"),
        ("undo", {"value": "d_nothing"}, "没有编号"),
        ("split", {"story": "食堂", "posts": ["nothing"]}, "没有一条"),
        ("level", {"story": "s_nothing", "value": "2"}, "s_nothing"),
        # half a decision would be read by every page
        ("merg", {"story": "食堂", "into": "健身房"}, "没有“merg”"),
        ("merge", {"story": "食堂"}, "并入哪个事件"),
        ("merge", {"story": "食堂", "into": " "}, "并入哪个事件"),
        ("merge", {"into": "食堂"}, "要处理的事件"),
        ("rename", {"value": "新题"}, "要处理的事件"),
        ("level", {"value": "2"}, "要处理的事件"),
        ("split", {"posts": ["p1"]}, "要处理的事件"),
        ("split", {"story": "食堂"}, "帖文编号"),
        ("label", {"value": "relevant"}, "帖文编号"),
        ("label", {"posts": ["p1"], "value": "也许"}, "也许"),
        ("route", {"value": "餐饮"}, "帖文编号"),
        ("undo", {}, "决定编号"),
    ],
)
def test_a_decision_that_cannot_be_meant_is_refused(county: Lab, action: str, about: dict[str, Any], says: str) -> None:
    with pytest.raises(LabError, match=says):
        county.decide(action, who="值班员", **about)
    assert decisions.read(county.root).is_empty()


def test_a_review_knows_what_people_confirmed_when_they_had(county: Lab) -> None:
    county.decide("level", "食堂", value="Ⅰ", who="分管领导", at="2026-09-09 12:00")
    before, after = (county.review("食堂", at=f"2026-09-09 {hour}:00") for hour in (11, 14))
    assert before.grades["confirmed_by"].drop_nulls().is_empty()
    assert after.grades.row(-1, named=True)["level"] == "Ⅰ"


def test_what_people_decide_shows_in_brief_alerts_and_review(county: Lab) -> None:
    canteen = county.story("食堂")
    county.decide("rename", canteen, value="三小食堂的木耳", who="值班员")
    county.decide("level", canteen, value="Ⅰ", who="分管领导", at="2026-09-09 12:00")
    alerts = county.alerts("2026-09-09")
    assert alerts.filter(pl.col("key") == canteen)["title"].to_list() == ["三小食堂的木耳"]
    today = brief.of(county, "2026-09-09")
    row = today.levels.filter(pl.col("story_id") == canteen).row(0, named=True)
    assert (row["title"], row["level"], row["confirmed_by"]) == ("三小食堂的木耳", "Ⅰ", "分管领导")
    assert canteen in brief.alerts(today).html and canteen in brief.levels(today).html
    past = county.review(canteen)
    assert past.story["title"] == "三小食堂的木耳" and canteen in spread.title(past).plain


def test_a_merged_story_is_one_in_alerts_brief_and_review(county: Lab) -> None:
    canteen, gym = county.story("食堂"), county.story("健身房")
    whole = county.posts_of(canteen).height + county.posts_of(gym).height
    county.decide("merge", gym, into=canteen, who="值班员")
    assert county.review(gym, until="2026-09-30").posts.height == whole
    today = brief.of(county, "2026-09-16", budget=10)
    assert gym not in {*today.levels["story_id"], *today.alerts["key"]}
