"""Care of a lab: its state, its checks, what it learns from its archive."""

from __future__ import annotations

from pathlib import Path

import click

from opinion_lab import config
from opinion_lab.cli.console import open_store, prepare_waiting, say


@click.command()
@click.pass_obj
def learn(folder: Path | None) -> None:
    """用全部存档学习词向量并保存，供话题分析使用；存档明显增多后再学一次。"""
    from opinion_lab.analyse.topics import vectors
    from opinion_lab.storage import artifacts

    store = open_store(folder)
    last, tokens = store.latest(), store.tokens()
    words = vectors.keep(tokens)
    artifacts.put(store, "words", f"{last}", words)
    say(f"已从 {tokens.height} 条帖文学得 {words.height} 个词的向量，版本 {last}。下次话题分析会用到。")


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.pass_obj
def backup(folder: Path | None, file: Path) -> None:
    """备份不能重建的内容（决定、设置、本单位的规则和对应表）；化名密钥另存一个文件，请分开保管。"""
    from opinion_lab.storage.maintenance.backup import backup as pack

    names = pack(open_store(folder), file)
    say(f"已备份 {len(names)} 个文件到 {file}；化名密钥在 {file.with_suffix('.key')}，请与备份分开保管。")


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.argument("folder", type=click.Path(path_type=Path))
def restore(file: Path, folder: Path) -> None:
    """把备份恢复到一个文件夹；原始文件再导入一次，帖文即可重新整理出来。"""
    from opinion_lab.storage.maintenance.backup import restore as unpack

    names = unpack(folder, file)
    say(f"已恢复 {len(names)} 个文件到 {folder}。下一步：opinion-lab import 导入原始文件。")
    if "lab.key" not in names:
        say(f"没有找到 {file.with_suffix('.key')}：会生成新的密钥，今后的化名与从前的对不上。")


@click.command()
@click.pass_obj
def migrate(folder: Path | None) -> None:
    """接收旧版本实验室里的合并、定级、标注和改过的规则；旧编号仍然能用。"""
    from opinion_lab.rules import FORMER
    from opinion_lab.storage.maintenance.backup import migrate as take_over

    store = open_store(folder)
    done = take_over(store, FORMER)
    say(
        f"接收：合并拆分 {done['edits']} 项，定级 {done['levels']} 项，标注 {done['labels']} 条，"
        f"规则改用新文件名 {done['rules']} 份。"
    )
    prepare_waiting(store)


@click.command()
@click.option("--record", type=click.Path(path_type=Path), help="核对一个留存的文件夹（opinion-lab record 做的）。")
@click.pass_obj
def verify(folder: Path | None, record: Path | None) -> None:
    """核对：密钥、原始文件的指纹、每份文件的行数是否平账、每天的帖文、分词、查重、办件记录是否齐全。"""
    if record is not None:
        return _verify_record(record)
    from opinion_lab.storage.maintenance.integrity import verify as check

    problems = check(open_store(folder))
    for problem in problems:
        say(problem)
    if problems:
        raise config.LabError(f"核对发现 {len(problems)} 处问题，见上。")
    say("核对无误：原始文件未被改动，行数平账，每天的帖文、分词、查重齐全。")


def _verify_record(record: Path) -> None:
    from opinion_lab.desk import records

    problems = records.verify(record)
    for problem in problems:
        say(problem)
    if problems:
        raise config.LabError(f"留存的文件夹有 {len(problems)} 处对不上，见上。")
    say("核对无误：文件齐全，与清单上的指纹一致。")


@click.command()
@click.option("--new-key", is_flag=True, help="原来的密钥确实找不回了：换一个新密钥（从前的化名对不上）。")
@click.pass_obj
def rebuild(folder: Path | None, new_key: bool) -> None:
    """用原始数据把帖文、分词、查重全部重新整理一遍，修好核对发现的损坏；说明哪些补不回来。"""
    from opinion_lab.storage.maintenance import integrity

    if integrity.set_aside_ledger(config.find_root(folder)):
        say("账本 data/raw/ledger.sqlite 已损坏，改名留在原处，另建新账。")
    store = open_store(folder)
    with store.lock("重建（rebuild）"):
        if new_key:
            store.renew_key()
            say(f"已换新密钥 {store.settings.key_file}，请用 opinion-lab backup 备份。")
        store.key()
        for line in integrity.mend(store):
            say(line)
    prepare_waiting(store)
    if problems := integrity.verify(store):
        for problem in problems:
            say(problem)
        raise config.LabError(f"已重新整理；还有 {len(problems)} 处要按上面说的处理。")
    say("已重新整理，核对无误。")
