"""Training: exercises made, run, led, and looked back on."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import click

from opinion_lab import config
from opinion_lab.cli.console import open_lab, say
from opinion_lab.cli.jupyter.lab import launch
from opinion_lab.cli.reports import TRAINING, make_report

SESSION = "哪一场：编号，见 opinion-lab exercise list。"


@click.group()
def exercise() -> None:
    """演练：把一件事按当时的样子重来一遍，定级、分办、答不答，事后讲评；与本单位的决定互不相干。"""


@exercise.command("make")
@click.argument("name")
@click.option("--story", default="", help="用存档里的一件事：编号，或标题里的词；不写为按现有的演练表制作。")
@click.option("--at", multiple=True, help="各站的时刻，可写多次，例如 2026-09-08 15:00；不写为事情转折的时刻。")
@click.option("--replace", "pairs", multiple=True, metavar="真名=化名", help="再换掉一个名称，可写多次。")
@click.pass_obj
def _make(folder: Path | None, name: str, story: str, at: tuple[str, ...], pairs: tuple[str, ...]) -> None:
    """制作一次演练。NAME 是它的名称（小写字母、数字、横线）；随附的有 canteen、phone、seaweed。"""
    if wrong := [p for p in pairs if "=" not in p]:
        raise config.LabError(f"--replace 要写成 真名=化名，例如 驿畅=顺达；现在是 {'、'.join(wrong)}。")
    exercises = open_lab(folder).exercises
    names = dict(pair.split("=", 1) for pair in pairs)
    made = exercises.make(name, story=story, at=at, replace=names)
    hours = "、".join(f"{hour.astimezone(made.zone):%m-%d %H:%M}" for hour in made.hours)
    say(f"已制作 {name}：{len(made.hours)}站（{hours}），{made.posts.height}条帖文。")
    if story:
        say(f"标准和化名是程序起草的，请训练人改 {exercises.tables()[name]}，再运行 exercise make {name}。")


@exercise.command("export")
@click.argument("name")
@click.argument("target", metavar="文件夹", type=click.Path(path_type=Path))
@click.pass_obj
def _export(folder: Path | None, name: str, target: Path) -> None:
    """把制作好的演练装进一个空文件夹，拷到没有存档的电脑上用；里面有标准和后来的帖文，只给训练人。"""
    open_lab(folder).exercises.export(name, target)
    say(f"已装好 {target}。拷到那台电脑后：opinion-lab --lab {target.name} exercise run {name} --led --who 职务")


@exercise.command("list")
@click.pass_obj
def _list(folder: Path | None) -> None:
    """列出演练，和做过的、正在做的各场。"""
    lab = open_lab(folder)
    for row in lab.exercises.overview().iter_rows(named=True):
        ready = "已制作" if row["made"] else "未制作"
        say(f"{row['name']}  {row['title']}  {row['stages']}站，约{row['minutes']}分钟  {ready}")
    for row in lab.exercises.sessions().iter_rows(named=True):
        began = row["began"].astimezone(lab.zone)
        say(f"{row['session']}  {began:%Y-%m-%d %H:%M}  {'、'.join(row['trainees'])}  已定{row['decided']}次")


@exercise.command("run", context_settings={"ignore_unknown_options": True})
@click.argument("name")
@click.option("--who", "people", multiple=True, required=True, help="谁来做：职务或代号，不写人名；几个人就写几次。")
@click.option("--led", is_flag=True, help="由训练人开站、发消息；不写为各人自己往下做。")
@click.option("--new", is_flag=True, help="另开一场；不写时接着做没有做完的那一场。")
@click.option("--room", type=click.Path(path_type=Path), help="学员的文件夹；默认是当前文件夹下的 演练-NAME。")
@click.option("--host", "address", default="127.0.0.1", show_default=True, help="别的电脑也来做时，写本机的网络地址。")
@click.option("--service-port", "port", default=0, help="演练服务的端口；默认由系统挑选。")
@click.option("--serve", "serve_only", is_flag=True, help="只开演练服务，不在本机打开 JupyterLab。")
@click.argument("options", nargs=-1, type=click.UNPROCESSED, metavar="[JUPYTER选项]...")
@click.pass_obj
def _run(
    folder: Path | None,
    name: str,
    people: tuple[str, ...],
    led: bool,
    new: bool,
    room: Path | None,
    address: str,
    port: int,
    serve_only: bool,
    options: tuple[str, ...],
) -> None:
    """开一场演练：学员在 JupyterLab 里做，训练人看一张网页。窗口关了，再运行一次就接着做。"""
    from opinion_lab.exercises.host import Host
    from opinion_lab.exercises.service import serving

    exercises = open_lab(folder).exercises
    room = (room or Path.cwd() / f"演练-{name}").resolve()
    if not serve_only and led and exercises.has_archive():
        raise config.LabError(
            "这个实验室里有存档，坐在这台电脑前就翻得到后来的事，带训练人的演练不在这里开学员的笔记本。"
            "两种做法：一、加 --serve，学员在别的电脑上 opinion-lab exercise join；"
            f"二、opinion-lab exercise export {name} 文件夹，拷到没有存档的电脑上，在那里运行。"
        )
    if not serve_only and room.is_relative_to(exercises.root.resolve()):
        raise config.LabError(f"学员的文件夹 {room} 在实验室里面，翻得到存档。请用 --room 写实验室以外的文件夹。")
    session = None if new else exercises.unfinished(name, people)
    say(f"接着做 {session}。" if session else f"新开一场 {name}。")
    host = Host(exercises, session or exercises.begin(name, people, led=led))
    with serving(host, address, port) as url:
        say(f"这一场：{host.session}")
        say(f"训练人的网页（不要给学员看）：{url}/trainer/{host.trainer_code}/")
        for who, code in host.codes.items():
            named = who if who.replace("-", "").isalnum() else f'"{who}"'  # as every shell reads it
            joined = f"opinion-lab exercise join {url} --code={code} --who {named}"
            say(f"{who}在别的电脑上（口令只给本人）：{joined}")
        if serve_only:
            click.pause("演练服务开着，按任意键结束。") if os.isatty(0) else _forever()
        else:
            _enter(room, url, host.codes, options, exercises.lab.settings)


@exercise.command("join", context_settings={"ignore_unknown_options": True})
@click.argument("address")
@click.option("--code", required=True, help="训练人给你的口令，每人一个。")
@click.option("--who", required=True, help="你是谁：职务或代号，不写人名。")
@click.option("--room", type=click.Path(path_type=Path), help="学员的文件夹；默认是当前文件夹下的 演练。")
@click.argument("options", nargs=-1, type=click.UNPROCESSED, metavar="[JUPYTER选项]...")
def _join(address: str, code: str, who: str, room: Path | None, options: tuple[str, ...]) -> None:
    """在自己的电脑上加入别处开的一场演练。"""
    _enter(room or Path.cwd() / "演练", address, {who: code}, options, config.Settings())


@exercise.command("stage")
@click.argument("session")
@click.option("--end", is_flag=True, help="结束这一场，可以讲评。")
@click.pass_obj
def _stage(folder: Path | None, session: str, end: bool) -> None:
    """开放下一站（训练人带的演练），或结束这一场；与训练人网页上的按钮相同。"""
    from opinion_lab.exercises.host import Host, advance

    exercises = open_lab(folder).exercises
    if end:
        Host(exercises, session).end()
        say(f"{session} 已结束。讲评：opinion-lab exercise debrief {session}")
        return
    say(f"已开放第{advance(exercises, session, now=datetime.now(UTC))}站。")


@exercise.command("inject")
@click.argument("session")
@click.option("--from", "sender", required=True, help="谁发来的，例如 一名记者（电话）。")
@click.option("--text", required=True, help="说了什么。")
@click.pass_obj
def _inject(folder: Path | None, session: str, sender: str, text: str) -> None:
    """给全体学员发一条消息（传言、领导电话、记者来问）。"""
    from opinion_lab.exercises.host import send

    send(open_lab(folder).exercises, session, sender, text, now=datetime.now(UTC))
    say("已发出，学员在当前这一站看到。")


@exercise.command("debrief")
@click.argument("session", default="")
@click.option("--portable", is_flag=True, help="写进同一个文件，便于转发。")
@click.pass_obj
def _debrief(folder: Path | None, session: str, portable: bool) -> None:
    """讲评一场演练（默认最近一场）：网页放在 reports/ 下，Word 在它旁边。"""
    from opinion_lab.report import papers
    from opinion_lab.report.training import paper
    from opinion_lab.storage import files

    lab = open_lab(folder)
    found = lab.exercises.debrief(session)
    given: dict[str, object] = {"session": found.session}
    make_report(lab.store, TRAINING[1], given, portable=portable, suffix=found.session, prepared=True)
    today = datetime.now(lab.zone).date()
    path = lab.store.reports / f"{today}" / f"{TRAINING[1]}-{found.session}.docx"
    files.write(path, papers.to_docx(paper.of(found, lab.settings.organisation, today)))
    say(f"Word：{path}")


def _enter(room: Path, url: str, codes: Mapping[str, str], options: Sequence[str], settings: config.Settings) -> None:
    """JupyterLab in a folder of the trainees' own, in which there is a notebook for each of them and nothing else."""
    from opinion_lab.exercises import client, room as rooms

    rooms.furnish(room, list(codes), settings)
    os.environ |= {client.ADDRESS: url, client.CODES: json.dumps(codes), "OPINION_LAB_ROOT": str(room.resolve())}
    launch(room.resolve(), options)


def _forever() -> None:
    import threading

    threading.Event().wait()
