"""Data in: a new lab, files, sources, preparing."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click

from opinion_lab import config
from opinion_lab.cli.console import open_store, prepare_waiting, say
from opinion_lab.cli.reports import NOTEBOOKS

if TYPE_CHECKING:
    import polars as pl

    from opinion_lab.collect.importer import Proposal

#: What went wrong with a source (collect.web.faults), and what to do about it.
FAULTS = {
    "address": "地址写错了，或跳转到了不是网页的地方（{}）。请检查 lab.toml 里的 url。",
    "private": "地址指向内部网络（{}），已拒绝。确是本单位内网来源的，请在它的 [[source]] 里写 allow_private = true。",
    "no_host": "找不到主机 {}。请检查地址和网络。",
    "proxy": "环境变量里的代理地址用不了。请检查 HTTP_PROXY、HTTPS_PROXY。",
    "unreachable": "连不上或中途断开（{}）。稍后会再试；一直如此的，请检查地址和网络。",
    "tls": "对方的证书有问题，没有连接。请在浏览器里打开该地址核对。",
    "status": "对方答复 {}。请检查地址是否仍有效。",
    "busy": "对方答复 {}，太忙或限流。",
    "closed": "对方答复 {}，不对外开放。不会去绕；请改用它公开提供的订阅源，或由本单位导出后导入。",
    "captcha": "对方要求人机验证。不会去绕；请改用它公开提供的订阅源，或由本单位导出后导入。",
    "robots": "该网站的 robots.txt 不允许采集。请改用它公开提供的订阅源，或停用此来源。",
    "robots_failed": "该网站的 robots.txt 没有取到（{}），按规矩先不采集。稍后会再试。",
    "redirects": "跳转超过 {} 次。请检查地址。",
    "too_large": "超过 {} MB，已停止下载。确要采集的，可在 lab.toml 的 [collect] 调大 max_mb。",
    "encoding": "压缩方式不认识或内容损坏（{}）。请联系该来源的网站。",
    "deadline": "{} 秒内没有取完，已停止。网站确实慢的，可在 lab.toml 的 [collect] 调大 timeout_seconds。",
    "not_a_feed": "取回的内容不是订阅源（{}）。请在浏览器里打开该地址，确认它是 RSS、Atom 或 JSON Feed 而不是网页。",
    "not_json": "取回的内容不是 JSON。请在浏览器里打开该地址核对。",
    "no_list": "取回的 JSON 里，{} 那个位置没有列表。请核对 list（热榜应是 NewsNow 或 DailyHotApi 的写法）。",
    "no_items": "页面里没有找到条目（选择器 {}）。请核对 [source.listing]，可用 opinion-lab sources find 重新提议。",
    "no_text": "页面里没有读到正文。请在 [source.article] 里写明 text 的选择器。",
    "not_a_sitemap": "取回的内容不是网站地图（{}）。请核对地址。",
    "empty_body": "对方答复成功，内容却是空的。稍后会再试。",
    "selector": "选择器写法有误：{}。请改 lab.toml 里的 [source.listing] 或 [source.article]。",
    "shape_changed": "以前能读到条目，这次一条也没有（{}），多半是对方改版。请用 opinion-lab sources check 核对。",
    "parse_limit": "内容解析太费时间或内存，已放弃。请联系该来源的网站，或停用此来源。",
    "parse_crash": "内容解析出错（{}）。原始内容已存好，更新本软件后再试。",
    "clock": "多数内容的时间晚于这台电脑的时钟，没有读入。请校准系统时间后再采集。",
    "error": "程序出错（{}），其他来源不受影响。请把这一行告诉维护人员。",
}
NO_FEED = {"syntax": "写法有误", "kind": "是网页或别的文件", "no_items": "没有 items 列表", "packed": "压缩包损坏"}
#: What a person need not see of the first rows: who wrote, and what is the same in all.
UNSHOWN = ("source_id", "author", "author_kind", "kind", "collected_at")


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
def init(folder: Path) -> None:
    """新建一个实验室文件夹（设置、笔记本、自己的规则和对应表），与随附的示例分开。"""
    if (folder / "lab.toml").exists():
        raise config.LabError(f"{folder} 里已有 lab.toml，未改动任何文件。")
    new_lab(folder, config.PACKAGE / "templates" / "lab.toml", NOTEBOOKS[1:])
    say(f"已建立 {folder}。请先修改其中的 lab.toml（单位、地名、关注词），再用 opinion-lab import 导入数据。")


@click.command("import")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--mapping", "-m", default="", help="对应表名称，例如 work-orders；不写就找一张合得上的，先给您看三行。")
@click.option("--yes", "-y", is_flag=True, help="不问，按找到的对应表读（放在脚本里用）。")
@click.pass_obj
def import_(folder: Path | None, files: tuple[Path, ...], mapping: str, yes: bool) -> None:
    """导入文件：CSV、Excel、JSON Lines（可 gzip 压缩）。重复导入不会增加任何内容。"""
    from opinion_lab.collect import importer

    store = open_store(folder)
    groups: dict[str, list[Path]] = {mapping: list(files)} if mapping else {}
    failed: list[str] = []
    for path in [] if mapping else (several := importer.expand(files)):
        try:
            proposal = importer.propose(store, path)
        except config.LabError as error:  # one file that nobody can read holds up no other
            failed.append(f"{path.name}：{error}" if len(several) > 1 else f"{error}")
            continue
        _say_proposal(proposal, store.settings.zone)
        if not yes and not sys.stdin.isatty():
            raise config.LabError(f"以上读法对的话，请加 --yes，或写明 --mapping {proposal.mapping}，再运行一次。")
        if not yes and not click.confirm("就这样读入吗？", default=True):
            raise config.LabError("没有导入。请用 --mapping 指定对应表；opinion-lab mappings list 列出现有的。")
        groups.setdefault(proposal.mapping, []).append(path)
    new = kept = False
    for name, some in groups.items():
        try:
            done = importer.import_files(store, some, name, now=datetime.now(UTC))
        except importer.SomeFailed as error:
            failed.append(f"{error}")
            done = error.done
        except config.LabError as error:
            failed.append(f"{error}")
            continue
        say_imports(done)
        new, kept = new or bool(done["new"].any()), kept or done["kept"].sum() > 0
        failed += [_nothing_read(row) for row in done.iter_rows(named=True) if row["rows_in"] and not row["kept"]]
    if kept and new:
        say("下一步：opinion-lab prepare（清洗、脱敏、查重、分词）。")
    if failed:
        raise config.LabError("\n".join(failed))


@click.command("try")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--mapping", "-m", default="", help="对应表名称；不写就找一张合得上的。")
@click.pass_obj
def try_mapping(folder: Path | None, file: Path, mapping: str) -> None:
    """试读一个文件：用哪张对应表、头三行读成什么、缺哪些列；不导入。"""
    from opinion_lab.collect import importer

    store = open_store(folder)
    for path in importer.expand([file]):
        _say_proposal(importer.propose(store, path, mapping), store.settings.zone)


@click.command()
@click.option("--only", help="只采集这个来源。")
@click.pass_obj
def collect(folder: Path | None, only: str | None) -> None:
    """先导入 inbox 文件夹里的文件，再按 lab.toml 采集到期的来源（遵守 robots.txt）。"""
    import polars as pl

    from opinion_lab.collect import collector, importer

    store = open_store(folder)
    arrived = [] if only else importer.take_inbox(store, now=datetime.now(UTC))
    for file in arrived:
        if file.done:
            say(f"inbox：按对应表 {file.mapping} 导入，文件已存入 data/raw。")
            say_imports(pl.DataFrame([file.done], schema=importer.IMPORTED))
        else:
            say(f"inbox：{file.name} 没有导入：{file.why}")
    if not store.settings.sources:
        if arrived:
            return
        raise config.LabError("lab.toml 里还没有 [[source]]。请参照文件里的注释添加一个来源。")
    visits = collector.collect(store, now=datetime.now(UTC), only=only)
    if visits.is_empty():
        say("没有到期的来源。")
    for row in visits.iter_rows(named=True):
        say(f"{row['source_id']}：{_visit_sentence(row)}")
        _say_remarks(row)
    if visits["outcome"].is_in(["failed", "closed", "changed", "not_reached"]).any():
        raise config.LabError("有来源没有采到，原因见上；其余来源已存好，下次会再试。")


@click.command()
@click.option("--cluster", metavar="地址", help="用 Dask 集群整理：调度器地址，或 local（就在这个进程里，不开端口）。")
@click.pass_obj
def prepare(folder: Path | None, cluster: str | None) -> None:
    """把新到的内容整理成可分析的帖文：清洗、脱敏、查重、判断相关、分词；清除过期的原始文件。"""
    from opinion_lab.storage.maintenance.integrity import sweep

    store = open_store(folder)
    prepare_waiting(store, cluster)
    if gone := sweep(store, datetime.now(UTC)):
        say(f"已清除 {len(gone)} 份超过 {store.settings.keep_raw_days} 天的原始文件，整理好的帖文不受影响。")


def _visit_sentence(row: dict[str, Any]) -> str:
    """What one visit came to, and for a failure what to do, from the codes of collector.collect."""
    hours = "" if row["hours"] is None else f"{row['hours']:.1f} 小时"
    if row["fault"]:
        later = f"对方要求 {hours}后再来。" if row["fault"] == "busy" else ""
        return f"没有采到：{fault_sentence(row['fault'], row['detail'])}{later}"
    why = {"first": "第一次采集", "asked": "指定采集", "overdue": f"距上次 {hours}"}.get(row["why"], "")
    return {
        "new": f"有新内容；条目 {row['rows_in']}，保留 {row['kept']}，剔除 {row['dropped']}（{why}）",
        "unchanged": f"无变化（{why}）",
        "empty": f"采到了，但里面没有条目（{why}）",
        "waits": f"暂不采集，对方要求 {hours}后再来",
        "not_reached": "这一轮时间用完，还没有采到；下一轮最先采它",
    }[str(row["outcome"])]


def fault_sentence(fault: str, detail: str) -> str:
    """What went wrong with a source and what to do about it."""
    return FAULTS[fault].format(NO_FEED.get(detail, detail))


def new_lab(folder: Path, settings: Path, notebooks: Sequence[str]) -> None:
    """A lab in `folder`: its lab.toml, the notebooks that ship, and places for its own rules and mappings."""
    for name in ("notebooks", "rules", "mappings", "inbox"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    for name in notebooks:
        shutil.copy(config.shipped("notebooks") / f"{name}.ipynb", folder / "notebooks")
    shutil.copy(settings, folder / "lab.toml")


def say_imports(done: pl.DataFrame) -> None:
    """Print the ledger rows of an import: rows in = kept + dropped, with an example of each reason."""
    for row in done.iter_rows(named=True):
        again = "" if row["new"] else "（以前导入过，未重复计入）"
        reasons = "、".join(f"{r['reason']} {r['n']}" for r in row["reasons"])
        say(
            f"{row['name']}：{row['format']}，{row['encoding'] or '二进制'}；读入 {row['rows_in']} 行"
            f" = 保留 {row['kept']} + 剔除 {row['dropped']}{f'（{reasons}）' if reasons else ''}{again}"
        )
        _say_remarks(row)


def _nothing_read(row: dict[str, Any]) -> str:
    """What to do about a file of which no row could be kept."""
    why = row["reasons"][0]["reason"]
    time = "时间要有年月日，例如 2026-11-01 09:30；没有年份的，加一列“采集时间”" if "时间" in why else "见上面的例子"
    return f"{row['name']}：{row['rows_in']} 行一行也没有留下，原因是“{why}”。请改好那一列（{time}）再导入。"


def _say_remarks(row: dict[str, Any]) -> None:
    """Print why rows were left out, an example each, and what was kept but not understood."""
    for reason in row["reasons"] or ():
        say(f"    例：{reason['example']}")
    for note in row["notes"] or ():
        say(f"    注意：{note['what']}（{note['n']} 处{'，例如 ' + note['example'] if note['example'] else ''}）")


def _say_proposal(proposal: Proposal, zone: ZoneInfo) -> None:
    """Print how a file would be read: the mapping, three rows, and what is lacking."""
    from opinion_lab.collect.parsers.tables.mapping import LABELS

    why = "没有专门的对应表合得上，按一般表格读" if proposal.fallback else f"用对应表 {proposal.mapping} 读"
    say(f"{proposal.path.name}：{why}，头几条是：")
    for number, item in enumerate(proposal.items.iter_rows(named=True), 1):
        shown = {LABELS[c]: v for c, v in item.items() if v is not None and c in LABELS and c not in UNSHOWN}
        say(f"  {number}. " + "；".join(f"{label} {_short(value, zone)}" for label, value in shown.items()))
    _say_remarks({"reasons": proposal.reasons, "notes": proposal.notes})


def _short(value: object, zone: ZoneInfo) -> str:
    if isinstance(value, datetime):
        return f"{value.astimezone(zone):%Y-%m-%d %H:%M}"
    text = " ".join(str(value).split())
    return text if len(text) <= 30 else text[:30] + "…"
