"""`opinion-lab`: the doors of the house for a clerk, in Chinese. Heavy imports happen inside the commands."""

from __future__ import annotations

import re
import shutil
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from opinion_lab import __version__, config

if TYPE_CHECKING:
    import polars as pl

    from opinion_lab.storage.store import Store

REPOSITORY = Path(__file__).parents[1]
REVIEWS = ("4-incident-review", "4-public-incident")
NOTEBOOKS = ("0-start-here", "1-daily-brief", "2-topic-modelling", "3-trend-spotting", *REVIEWS)
# What `demo` reports on: notebook, parameters, and the suffix that keeps several of one notebook apart.
DEMO_REPORTS: tuple[tuple[str, dict[str, object], str], ...] = (
    ("1-daily-brief", {"day": "2026-09-11"}, ""),
    ("2-topic-modelling", {}, ""),
    ("3-trend-spotting", {}, ""),
    ("4-incident-review", {"story": "食堂"}, "食堂"),
    ("4-incident-review", {"story": "健身房"}, "健身房"),
    ("4-incident-review", {"story": "加油站"}, "加油站"),
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; what a person did wrong ends in one Chinese message and exit code 1 or 2."""
    try:
        code = cli.main(args=list(arguments) if arguments is not None else None, standalone_mode=False)
    except config.LabError as error:
        _fail(str(error), 1)
    except click.exceptions.NoSuchOption as error:
        hint = f"是不是想写 {'、'.join(error.possibilities)}？" if error.possibilities else ""
        _fail(f"没有选项 {error.option_name}。{hint}用 --help 查看可用选项。", 2)
    except click.exceptions.MissingParameter as error:
        name = error.param.human_readable_name if error.param else ""
        _fail(f"缺少参数 {name}。用 --help 查看用法。", 2)
    except click.exceptions.UsageError as error:
        _fail(f"命令写法有误：{error.format_message()} 用 --help 查看用法。", 2)
    except (click.exceptions.Abort, KeyboardInterrupt):
        _fail("已中断。已写入的内容都是完整的，再次运行同一命令会接着做。", 130)
    except OSError as error:
        _fail(f"读写失败：{error.strerror or error}（{error.filename or ''}）。请检查磁盘空间和文件夹权限后重试。", 1)
    else:
        sys.exit(code if isinstance(code, int) else 0)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="opinion-lab %(version)s")
@click.option(
    "--lab", "folder", type=click.Path(path_type=Path), help="实验室文件夹（含 lab.toml）。默认从当前文件夹往上找。"
)
@click.pass_context
def cli(context: click.Context, folder: Path | None) -> None:
    """公开舆情分析工作台：采集、导入、整理、分析、出报告。"""
    context.obj = folder


@cli.command()
@click.argument("folder", type=click.Path(path_type=Path))
def init(folder: Path) -> None:
    """新建一个实验室文件夹（设置、笔记本、数据目录），与随附的示例分开。"""
    if (folder / "lab.toml").exists():
        raise config.LabError(f"{folder} 里已有 lab.toml，未改动任何文件。")
    folder.mkdir(parents=True, exist_ok=True)
    shipped = (REPOSITORY / "lab.toml").read_text(encoding="utf-8")
    (folder / "lab.toml").write_text(_unnamed(shipped), encoding="utf-8")
    for name in NOTEBOOKS[1:]:
        (folder / "notebooks").mkdir(exist_ok=True)
        shutil.copy(REPOSITORY / "notebooks" / f"{name}.ipynb", folder / "notebooks")
    _say(f"已建立 {folder}。请先修改其中的 lab.toml（单位、地名、关注词），再用 opinion-lab import 导入数据。")


@cli.command("import")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--mapping", "-m", required=True, help="对应表名称，例如 gov-messages、hot-list、work-orders。")
@click.pass_obj
def import_(folder: Path | None, files: tuple[Path, ...], mapping: str) -> None:
    """导入文件：CSV、Excel、JSON Lines（可 gzip 压缩）。重复导入不会增加任何内容。"""
    from opinion_lab.collect import importer

    store = _open(folder)
    try:
        done = importer.import_files(store, files, mapping, now=datetime.now(UTC))
    except importer.SomeFailed as error:
        _say_imports(error.done)
        raise
    _say_imports(done)
    if done["kept"].sum() and done["new"].any():
        _say("下一步：opinion-lab prepare（清洗、脱敏、查重、分词）。")


@cli.command()
@click.option("--only", help="只采集这个来源。")
@click.pass_obj
def collect(folder: Path | None, only: str | None) -> None:
    """按 lab.toml 的来源采集到期的订阅源（遵守 robots.txt）。"""
    from opinion_lab.collect import collector

    store = _open(folder)
    if not store.settings.sources:
        raise config.LabError("lab.toml 里还没有 [[source]]。请参照文件里的注释添加一个来源。")
    visits = collector.collect(store, now=datetime.now(UTC), only=only)
    if visits.is_empty():
        _say("没有到期的来源。")
    for row in visits.iter_rows(named=True):
        counts = (
            f"条目 {row['rows_in']}，保留 {row['kept']}，剔除 {row['dropped']}" if row["rows_in"] is not None else ""
        )
        _say(f"{row['source_id']}：{row['outcome']}{'；' + counts if counts else ''}（{row['why']}）")
    if (visits["outcome"] == "失败").any():
        raise config.LabError("有来源没有采到，原因见上；其余来源已存好，下次会再试。")


@cli.command()
@click.option("--cluster", metavar="地址", help="用 Dask 集群整理：调度器地址，或 local（在本机起两个进程）。")
@click.pass_obj
def prepare(folder: Path | None, cluster: str | None) -> None:
    """把新到的内容整理成可分析的帖文：清洗、脱敏、查重、判断相关、分词；清除过期的原始文件。"""
    from opinion_lab.storage.store import sweep

    store = _open(folder)
    _prepare(store, cluster)
    if gone := sweep(store, datetime.now(UTC)):
        _say(f"已清除 {len(gone)} 份超过 {store.settings.keep_raw_days} 天的原始文件，整理好的帖文不受影响。")


@cli.command()
@click.pass_obj
def learn(folder: Path | None) -> None:
    """用全部存档学习词向量并保存，供话题分析使用；存档明显增多后再学一次。"""
    from opinion_lab.analyse.topics import vectors
    from opinion_lab.storage import artifacts

    store = _open(folder)
    last, tokens = store.latest(), store.tokens()
    words = vectors.keep(tokens)
    artifacts.put(store, "words", f"{last}", words)
    _say(f"已从 {tokens.height} 条帖文学得 {words.height} 个词的向量，版本 {last}。下次话题分析会用到。")


@cli.command()
@click.argument("notebook")
@click.option("--parameter", "-p", "pairs", multiple=True, metavar="名称=值", help="笔记本参数，可写多次。")
@click.option("--portable", is_flag=True, help="图表程序写进同一个文件，便于转发。")
@click.pass_obj
def report(folder: Path | None, notebook: str, pairs: tuple[str, ...], portable: bool) -> None:
    """运行一本笔记本并生成 HTML 报告，放在 reports/日期/ 下。"""
    _report(_open(folder), notebook, _parameters(pairs), portable=portable)


@cli.command()
@click.option("--story", default="", help="事件：标题里的词，或事件编号（s_ 开头）；不写为帖数最多的一件。")
@click.option("--since", default="", help="起始日，例如 2026-09-01。")
@click.option("--until", default="", help="截止日。")
@click.option("--at", default="", help="站在哪一刻看，只用到那时为止的帖文。")
@click.option("--found-at", default="", help="本单位发现的时间，例如 2026-09-08 15:00。")
@click.option("--judged-at", default="", help="研判定级的时间。")
@click.option("--routed-at", default="", help="分送到科室的时间。")
@click.option("--severe", default="", metavar="是|否", help="是否已确认属特别重大、重大。")
@click.option("--incident", default="", help="改为复盘随附的公开事件（没有帖文，只有时间点）：名称里的词，例如 罐车。")
@click.option("--portable", is_flag=True, help="图表程序写进同一个文件，便于转发。")
@click.pass_obj
def review(folder: Path | None, portable: bool, incident: str, **parameters: object) -> None:
    """复盘一件事：怎么起来、谁带动、答得怎样、下次改什么（与笔记本 4-incident-review 结果相同）。"""
    given = {name: value for name, value in parameters.items() if value}
    if not incident:
        _report(_open(folder), REVIEWS[0], given, portable=portable)
        return
    if others := set(given) - {"severe"}:
        wrong = "、".join(f"--{name.replace('_', '-')}" for name in sorted(others))
        raise config.LabError(f"--incident 复盘的是公开事件，不能与 {wrong} 同用。请只留一种。")
    _report(_open(folder), REVIEWS[1], {**given, "incident": incident}, portable=portable)


@cli.command()
@click.option("--story", required=True, help="事件编号（s_ 开头）。")
@click.option("--level", required=True, help="确认的级别：Ⅰ、Ⅱ、Ⅲ、Ⅳ（或 1 至 4）。")
@click.option("--by", required=True, help="谁确认（写职务即可）。")
@click.option("--at", default="", help="对哪一刻的判断，例如 2026-09-09 12:00；不写为现在。")
@click.option("--why", default="", help="理由。")
@click.pass_obj
def confirm(folder: Path | None, story: str, level: str, by: str, at: str, why: str) -> None:
    """记下人工确认的级别；只增不改，复盘报告会照写。"""
    from opinion_lab.storage import confirmed

    store, now = _open(folder), datetime.now(UTC)
    written = confirmed.record(store, story, level, by=by, why=why, at=store.moment(at) or now, now=now)
    _say(f"已记下：{by}确认 {story} 为{written}级。重新运行 opinion-lab review --story {story} 即可看到。")


@cli.command()
@click.argument("job")
@click.pass_obj
def run(folder: Path | None, job: str) -> None:
    """运行 lab.toml 里的一项任务（适合定时调用）。"""
    store = _open(folder)
    chosen = store.settings.job(job)
    _report(store, chosen.notebook, dict(chosen.parameters), portable=chosen.portable)


@cli.command()
@click.option("--since", default="", help="起始日，例如 2026-03-01；默认最早。")
@click.option("--until", default="", help="截止日；默认最新。")
@click.option("--key", default="words", help="按什么统计：words 词，platform 平台，region 地区，title 标题。")
@click.option("--budget", default=3, show_default=True, help="每天最多几条预警。")
@click.pass_obj
def backtest(folder: Path | None, since: str, until: str, key: str, budget: int) -> None:
    """把存档当成实时重放一遍：预警报得准不准、早不早，和别处常用的规则比。"""
    from opinion_lab.analyse.trends import annual_peaks
    from opinion_lab.report.wording import backtests

    store = _open(folder)
    first, last = store.period(since, until)
    frames = (read(first, last) for read in (store.posts, store.sightings, store.tokens))
    peaks, zone = annual_peaks.load(store.rules("peaks.toml")), store.settings.zone
    found = backtests.run(*frames, key=key, budget=budget, peaks=peaks, zone=zone)
    for line in backtests.lines(found, budget=budget, zone=zone):
        _say(line)


@cli.command()
@click.pass_obj
def demo(folder: Path | None) -> None:
    """用随附的虚构事件走一遍全程：生成、导入、整理、出报告。"""
    from opinion_lab import synthetic
    from opinion_lab.collect import importer
    from opinion_lab.report import page

    start = time.monotonic()
    store = _open(folder)
    if set(store.captures()["name"]) - set(synthetic.FILES):
        raise config.LabError(
            "这个实验室里已有真实数据，不应混入虚构示例。请用 opinion-lab init 另建文件夹后再运行 demo。"
        )
    _say("一、生成虚构的云溪县四周舆情（种子 0）……")
    exports = store.root / "data" / "demo"
    synthetic.write(exports, seed=0)
    _say("二、按真实文件的同一入口导入：")
    for name, mapping in synthetic.FILES.items():
        done = importer.import_files(store, [exports / name], mapping, now=synthetic.COLLECTED_AT)
        _say_imports(done)
    _say("三、整理：")
    _prepare(store)
    _say("四、出报告：")
    for notebook, parameters, suffix in DEMO_REPORTS:
        _report(store, notebook, parameters, suffix=suffix, prepared=True)
    index = page.index(store)
    _say(f"完成，用时 {time.monotonic() - start:.0f} 秒。请用浏览器打开 {index}")


@cli.command()
@click.pass_obj
def status(folder: Path | None) -> None:
    """检查设置，列出已有的数据和待整理的文件。"""
    from opinion_lab.prepare import pipeline

    store = _open(folder)
    captures = store.captures()
    _say(f"实验室：{store.root}（{store.settings.organisation}，时区 {store.settings.timezone}）")
    if store.settings.data:
        _say(f"整理后的帖文和读入的行放在 {store.settings.data}。")
    _say(f"收到文件 {captures.height} 份，读入 {captures['rows_in'].sum()} 行。")
    days = store.days()
    if days:
        _say(f"帖文：{days[0]} 至 {days[-1]}，共 {len(days)} 天。")
    waiting = pipeline.waiting(store)
    _say(f"待整理 {waiting} 份：请运行 opinion-lab prepare。" if waiting else "没有待整理的文件。")


@cli.command()
@click.pass_obj
def verify(folder: Path | None) -> None:
    """核对：原始文件的指纹、每份文件的行数是否平账、每天的帖文是否符合数据字典。"""
    from opinion_lab.storage.store import verify as check

    problems = check(_open(folder))
    for problem in problems:
        _say(problem)
    if problems:
        raise config.LabError(f"核对发现 {len(problems)} 处问题，见上。")
    _say("核对无误：原始文件未被改动，行数平账，帖文符合数据字典。")


def _unnamed(settings: str) -> str:
    """The shipped settings without the invented county: a real report must not carry its name."""
    settings = re.sub("(?m)^# 下面是随附示例.*\n", "", settings).replace("云溪晚报", "某县晚报")
    empty = {
        "organisation": '"（请填写单位）"',
        "issue_prefix": '"舆情"',
        "own": "[]",
        "government": "[]",
        "media": "[]",
    }
    for key, value in empty.items():
        settings = re.sub(rf'(?m)^{key} = (?:\[.*?\]|".*?")', f"{key} = {value}", settings)
    return settings


def _open(folder: Path | None) -> Store:
    from opinion_lab.storage import store

    return store.open(folder)


def _prepare(store: Store, cluster: str | None = None) -> None:
    from opinion_lab.prepare import pipeline

    done = pipeline.run(store, cluster=cluster)
    if done.rebuilt:
        kept = [name for step, name in pipeline.STEPS.items() if step not in done.recomputed]
        changed = "、".join(pipeline.STEPS[step] for step in done.recomputed)
        _say(f"规则、设置或版本有变，已重新计算：{changed}。{'其余沿用：' + '、'.join(kept) + '。' if kept else ''}")
    if not done.captures:
        _say("没有新内容需要整理。")
        return
    reasons = "、".join(f"{k} {v}" for k, v in sorted(done.reasons.items(), key=lambda kv: (-kv[1], kv[0])))
    _say(
        f"整理 {done.captures} 份：读入 {done.rows} 行 = 帖文 {done.posts} + 再次见到 {done.seen_again}"
        f" + 剔除 {done.dropped}{f'（{reasons}）' if reasons else ''}。"
    )
    _say(f"新增帖文 {done.new_posts}，其中转抄 {done.copies}、与关注词无关 {done.irrelevant}（均保留并标记）。")


def _report(
    store: Store,
    notebook: str,
    parameters: dict[str, object],
    *,
    portable: bool = False,
    suffix: str = "",
    prepared: bool = False,
) -> None:
    from opinion_lab.prepare import pipeline
    from opinion_lab.report import run as runner

    if not prepared and pipeline.waiting(store):
        _prepare(store)
    source = _notebook(store.root, notebook)
    start = time.monotonic()
    now = datetime.now(UTC)
    path = runner.run(source, parameters, store.reports, store=store, now=now, portable=portable, suffix=suffix)
    _say(f"报告：{path}（{path.stat().st_size / 1000:.0f} KB，{time.monotonic() - start:.0f} 秒）")


def _notebook(root: Path, name: str) -> Path:
    """A notebook by name or path: the lab's own first, then the one that ships."""
    stem = name.removesuffix(".ipynb")
    for path in (Path(f"{stem}.ipynb"), *(f / "notebooks" / f"{stem}.ipynb" for f in (root, REPOSITORY))):
        if path.is_file():
            return path.resolve()
    raise config.LabError(f"找不到笔记本 {name}。现有：{'、'.join(NOTEBOOKS)}。")


def _parameters(pairs: Sequence[str]) -> dict[str, object]:
    wrong = [p for p in pairs if "=" not in p]
    if wrong:
        raise config.LabError(f"参数要写成 名称=值，例如 -p story=食堂；现在是 {'、'.join(wrong)}。")
    return {name: value for name, value in (p.split("=", 1) for p in pairs)}  # noqa: C416


def _say_imports(done: pl.DataFrame) -> None:
    for row in done.iter_rows(named=True):
        again = "" if row["new"] else "（以前导入过，未重复计入）"
        reasons = "、".join(f"{r['reason']} {r['n']}" for r in row["reasons"])
        _say(
            f"{row['name']}：{row['format']}，{row['encoding'] or '二进制'}；读入 {row['rows_in']} 行"
            f" = 保留 {row['kept']} + 剔除 {row['dropped']}{f'（{reasons}）' if reasons else ''}{again}"
        )
        for reason in row["reasons"]:
            _say(f"    例：{reason['example']}")
        for note in row["notes"]:
            _say(f"    注意：{note['what']} {note['n']} 处，例如 {note['example']}")


def _say(text: str) -> None:
    click.echo(text)


def _fail(text: str, code: int) -> None:
    click.echo(text, err=True)
    sys.exit(code)


if __name__ == "__main__":
    main()
