"""What people decide about stories, written down; and stories found by their words."""

from __future__ import annotations

from pathlib import Path

import click

from opinion_lab.cli.console import open_lab, say

ACTIONS = {"merge": "合并", "split": "拆分", "rename": "改名", "level": "定级", "label": "标注", "route": "分办"}
WHO = click.option("--by", required=True, help="谁决定（写职务即可，不写人名）。")
WHY = click.option("--why", default="", help="理由。")
STORY = "事件：编号（s_ 开头），或标题里的词。"


@click.command()
@click.option("--since", default="", help="起始日，例如 2026-09-01；默认最近四周。")
@click.option("--until", default="", help="截止日；默认最新。")
@click.option("--all", "everything", is_flag=True, help="连与关注词无关的一起列。")
@click.option("--most", default=20, show_default=True, help="最多列几件。")
@click.option("--proposals", is_flag=True, help="列出可能是同一件事的两个事件，供人合并（opinion-lab merge）。")
@click.pass_obj
def stories(folder: Path | None, since: str, until: str, everything: bool, most: int, proposals: bool) -> None:
    """列出事件：编号、条数、首见、标题，条数多的在前。"""
    lab = open_lab(folder)
    last = lab.latest(until)
    if proposals:
        pairs = lab.proposals(last)
        for row in pairs.head(most).iter_rows(named=True):
            say(f"{row['story_id']}  {row['title']}  可并入  {row['into']}  {row['into_title']}")
            say(f"    相近程度 {row['similarity']:.2f}（1 为刚够）")
        say(f"{last:%Y-%m-%d}有新帖文的事件里，建议合并的有{pairs.height}对，列出{min(most, pairs.height)}对。")
        return
    rows = lab.stories(since or lab.month_before(last), last, relevant=not everything)
    for row in rows.head(most).iter_rows(named=True):
        first = row["first_at"].astimezone(lab.zone)
        say(f"{row['story_id']}  {row['n_posts']}条  {first:%Y-%m-%d %H:%M}起  {row['title']}")
    say(f"共{rows.height}件，列出{min(most, rows.height)}件。")


@click.command()
@click.argument("words")
@click.option("--since", default="", help="起始日。")
@click.option("--until", default="", help="截止日。")
@click.option("--most", default=20, show_default=True, help="最多列几条。")
@click.pass_obj
def search(folder: Path | None, words: str, since: str, until: str, most: int) -> None:
    """搜索帖文：空格=都要有，|=任一，-=不要，例如 "木耳 -广告"；新的在前。"""
    lab = open_lab(folder)
    for row in lab.search(words, since, until, most=most).iter_rows(named=True):
        at = row["published_at"].astimezone(lab.zone)
        say(f"{at:%Y-%m-%d %H:%M}  {row['platform']}  {row['post_id']}  {(row['title'] or row['text'])[:60]}")
    say(f"共{lab.count(words, since, until)}条。")


@click.command()
@click.option("--story", required=True, help=STORY)
@click.option("--level", required=True, help="确认的级别：Ⅰ、Ⅱ、Ⅲ、Ⅳ（或 1 至 4）。")
@click.option("--at", default="", help="从哪一刻起，例如 2026-09-09 12:00；不写为现在。")
@WHO
@WHY
@click.pass_obj
def confirm(folder: Path | None, story: str, level: str, at: str, by: str, why: str) -> None:
    """确认级别：从那一刻起有效，到有人改动或出现新的红线为止。"""
    lab = open_lab(folder)
    decision = lab.decide("level", story, value=level, who=by, why=why, at=at)
    say(f"已记下 {decision}：{by}确认 {lab.story(story)} 为{lab.levels(lab.story(story))['level'][-1]}级。")


@click.command()
@click.option("--story", required=True, help=STORY)
@click.option("--into", required=True, help="并入哪一件：编号或标题里的词。")
@WHO
@WHY
@click.pass_obj
def merge(folder: Path | None, story: str, into: str, by: str, why: str) -> None:
    """把一个事件并入另一个；两个编号以后都指后者。"""
    lab = open_lab(folder)
    decision = lab.decide("merge", story, into=into, who=by, why=why)
    say(f"已记下 {decision}：并入 {lab.story(into)}。撤销：opinion-lab undo {decision} --by {by}")


@click.command()
@click.option("--story", required=True, help=STORY)
@click.option("--post", "posts", multiple=True, required=True, help="要拆出的帖文编号，可写多次。")
@WHO
@WHY
@click.pass_obj
def split(folder: Path | None, story: str, posts: tuple[str, ...], by: str, why: str) -> None:
    """把一些帖文从事件里拆出来，另成一件。"""
    lab = open_lab(folder)
    decision = lab.decide("split", story, posts=posts, who=by, why=why)
    say(f"已记下 {decision}：另成 {lab.story_of(posts[0])}。撤销：opinion-lab undo {decision} --by {by}")


@click.command()
@click.option("--story", required=True, help=STORY)
@click.option("--title", required=True, help="新的标题。")
@WHO
@WHY
@click.pass_obj
def rename(folder: Path | None, story: str, title: str, by: str, why: str) -> None:
    """给事件改标题；编号不变。"""
    lab = open_lab(folder)
    story_id = lab.story(story)
    decision = lab.decide("rename", story_id, value=title, who=by, why=why)
    say(f"已记下 {decision}：{story_id} 改称“{title}”。")


@click.command()
@click.argument("decision")
@WHO
@WHY
@click.pass_obj
def undo(folder: Path | None, decision: str, by: str, why: str) -> None:
    """撤销一项决定（d_ 开头的编号，见 opinion-lab decisions）。"""
    lab = open_lab(folder)
    say(f"已记下 {lab.decide('undo', value=decision, who=by, why=why)}：{decision} 不再有效。")


@click.command()
@click.pass_obj
def decisions(folder: Path | None) -> None:
    """列出有效的决定：编号、时间、谁、做了什么。"""
    lab = open_lab(folder)
    rows = lab.decisions
    for row in rows.iter_rows(named=True):
        about = "、".join(filter(None, (row["story_id"], row["into"], row["value"], *row["posts"][:3])))
        why = f"（{row['why']}）" if row["why"] else ""
        at = row["at"].astimezone(lab.zone)
        say(f"{row['decision_id']}  {at:%Y-%m-%d %H:%M}  {row['who']}  {ACTIONS[row['action']]}：{about}{why}")
    say(f"共{rows.height}项有效。")
