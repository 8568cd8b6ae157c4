"""`opinion-lab`: the commands of a clerk, in Chinese. Heavy imports happen inside the commands."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from opinion_lab import __version__, config
from opinion_lab.cli import data, demo, jupyter, reports
from opinion_lab.cli.console import fail
from opinion_lab.cli.desk import cases, decisions, papers, statements
from opinion_lab.cli.operation import maintenance, rules, scheduling, sources, status

COMMANDS = (
    data.init,
    data.import_,
    data.collect,
    data.prepare,
    sources.sources,
    reports.report,
    reports.review,
    scheduling.run,
    scheduling.serve,
    scheduling.schedule,
    reports.backtest,
    decisions.stories,
    decisions.search,
    decisions.confirm,
    decisions.merge,
    decisions.split,
    decisions.rename,
    decisions.undo,
    decisions.decisions,
    cases.case,
    papers.paper,
    papers.record,
    statements.check_statement,
    statements.route,
    rules.rules,
    rules.mappings,
    demo.demo,
    jupyter.lab,
    jupyter.exercise,
    maintenance.learn,
    maintenance.backup,
    maintenance.restore,
    maintenance.migrate,
    status.status,
    maintenance.verify,
    maintenance.rebuild,
)


#: What the command line's library says of a miswritten command; and of values, by their kind.
MISWRITTEN = {
    r"No such command '(.*)'": "没有命令 {}。",
    r"Missing command": "没有写命令。",
    r"Got unexpected extra arguments? \((.*)\)": "多写了 {}。",
}
WANTED = {
    "integer": "要写整数",
    "float": "要写数",
    "integer range": "要写范围之内的整数",
    "path": "找不到这个文件或文件夹",
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; what a person did wrong ends in one Chinese message and exit code 1 or 2."""
    try:
        code = group.main(args=list(arguments) if arguments is not None else None, standalone_mode=False)
    except config.LabError as error:
        fail(str(error), 1)
    except click.exceptions.NoSuchOption as error:
        hint = f"是不是想写 {'、'.join(error.possibilities)}？" if error.possibilities else ""
        fail(f"没有选项 {error.option_name}。{hint}用 --help 查看可用选项。", 2)
    except click.exceptions.MissingParameter as error:
        name = error.param.human_readable_name if error.param else ""
        fail(f"缺少参数 {name}。用 --help 查看用法。", 2)
    except click.exceptions.UsageError as error:
        fail(f"{_miswritten(error)}用 --help 查看用法。", 2)
    except (click.exceptions.Abort, KeyboardInterrupt):
        fail("已中断。已写入的内容都是完整的，再次运行同一命令会接着做。", 130)
    except OSError as error:
        fail(f"读写失败：{error.strerror or error}（{error.filename or ''}）。请检查磁盘空间和文件夹权限后重试。", 1)
    except Exception as error:
        if not (damage := _damage(error)):
            raise
        fail(damage, 1)
    else:
        sys.exit(code if isinstance(code, int) else 0)


def _miswritten(error: click.exceptions.UsageError) -> str:
    """What is wrong with a command as it was written, in Chinese."""
    said = error.format_message()
    if isinstance(error, click.exceptions.BadOptionUsage):
        return f"选项 {error.option_name} 后面要写一个值。"
    if isinstance(error, click.exceptions.BadParameter) and error.param is not None:
        kind = error.param.type
        wanted = WANTED.get(kind.name)
        if isinstance(kind, click.Choice):
            wanted = f"只能是 {'、'.join(map(str, kind.choices))}"
        return f"{'/'.join(error.param.opts)} 的值不对：{wanted or said}。"
    for pattern, in_chinese in MISWRITTEN.items():
        if found := re.search(pattern, said):
            return in_chinese.format(*found.groups())
    return f"命令写法有误：{said} "


def _damage(error: Exception) -> str:
    """What to say of a file of the lab that cannot be read or written; "" for what is no such thing."""
    kind = type(error).__module__.partition(".")[0]
    if kind == "sqlite3" and "full" in str(error):
        return "磁盘已满。请腾出空间后再运行同一命令；已写入的内容都是完整的。"
    if kind == "sqlite3":
        return f"账本 data/raw/ledger.sqlite 读写不了（{error}）。请运行 opinion-lab rebuild 修复。"
    if kind == "polars":
        first = str(error).splitlines()[0][:200]
        return f"数据文件读写不了（{first}）。请看磁盘空间；不缺的，运行 opinion-lab verify 查看，rebuild 修复。"
    return ""


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="opinion-lab %(version)s")
@click.option(
    "--lab", "folder", type=click.Path(path_type=Path), help="实验室文件夹（含 lab.toml）。默认从当前文件夹往上找。"
)
@click.pass_context
def group(context: click.Context, folder: Path | None) -> None:
    """公开舆情分析工作台：采集、导入、整理、分析、出报告。"""
    context.obj = folder


for _command in COMMANDS:
    group.add_command(_command)
