# ruff: noqa: E501 - lists of names
"""Plantings of further kinds, a line each in tests/fixtures/plantings_kinds.txt: half A was looked at, B only counted."""

from __future__ import annotations

import random
import re
import unicodedata
from collections import Counter
from pathlib import Path

import polars as pl

from opinion_lab.prepare import redaction
from tests.plantings import CIRCLED, FORMAL, NUMERALS, Half, survives

TEMPLATES = Path(__file__).parents[1] / "fixtures" / "plantings_kinds.txt"
SURNAMES = {
    "A": [*"王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕", *"向危岳管应庄纪文时和", "欧阳", "司徒"],
    "B": [*"苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史", *"常万成盛封曲相鹿", "上官", "令狐"],
}  # fmt: skip
GIVEN = {
    "A": "建国 秀兰 志强 桂英 海涛 小红 德顺 春花 梓涵 宇轩 一诺 若曦 大年 万里 福田 石头 长征 水生 国栋 丽 伟 敏 犇 昊天 彩霞 玉梅 永强 思思 家宝 根生",
    "B": "建军 秀珍 志刚 桂芝 海波 小芳 德福 秋菊 子涵 浩然 一凡 语嫣 满仓 千里 宝田 铁蛋 解放 土根 国梁 艳 勇 静 淼 景天 云霞 玉莲 永胜 圆圆 家旺 贵生",
}  # fmt: skip
MINORITY = {"A": "阿依古丽·买买提 扎西平措 热孜万古丽 吾尔开希·多莱特", "B": "艾力·吐尔逊 卓玛央金 阿不都拉 达瓦次仁"}
ENGLISH = {"A": "John Smith|Tom Lee|Wang Xiaoming", "B": "Mary Brown|Li Qiang|David Chen"}
BEFORE = ["", "反映：", "您好，", "情况是这样的，", "昨天下午三点，", "我在店里买了东西，"]
AFTER = ["", "，请核实", "。请尽快处理", "！", "，谢谢", "，至今没有解决"]
EMOJI = {str(n): f"{n}\ufe0f\u20e3" for n in range(10)}


def _planted(kind: str, r: random.Random, half: Half | str) -> str:
    """What stands for a placeholder: `m 幺`, `d8`, `p·`."""
    some = "".join(r.choices("0123456789", k=30))
    if kind[0] in "dl":
        return r.choice("2345678") + some[: int(kind[1:]) - 1]
    if kind[0] == "m":
        n = "1" + r.choice("3456789") + some[:9]
        spoken = {"幺": NUMERALS.replace("一", "幺"), "〇": NUMERALS.replace("零", "〇"), "壹": FORMAL, "①": CIRCLED}
        spoken["幺零"] = spoken["幺"].replace("二", "两")
        how = kind[1:].strip()
        if how in spoken:
            return "".join(spoken[how][int(c)] for c in n)
        ways = {
            "": n, "emoji": "".join(EMOJI[c] for c in n), "ol": n.replace("0", "o").replace("1", "l"),
            "344": f"{n[:3]} {n[3:7]} {n[7:]}", ".": f"{n[:3]}.{n[3:7]}.{n[7:]}",
            "全角": "".join(chr(ord(c) + 0xFEE0) for c in n),
        }  # fmt: skip
        return ways[how]
    if kind[0] == "i":
        n = f"43122619{r.randint(50, 99)}0{r.randint(1, 9)}1{r.randint(0, 9)}" + some[:4]
        return {"": n, "空": f"{n[:6]} {n[6:14]} {n[14:]}", "星": f"{n[:14]}-{n[14:]}"}[kind[1:]]
    if kind[0] == "c":
        n = "6222021" + some[:12]
        return re.sub(r"(.{4})(?=.)", rf"\1{ {'空': ' ', '-': '-'}[kind[1:]] }", n) if kind[1:] else n
    if kind[0] == "p":
        head, tail = r.choice("湘鄂粤川豫") + r.choice("ABCDE"), r.choice("KLMN") + some[:4]
        ways = {"": head + tail, "·": f"{head}·{tail}", "空": f"{head} {tail}", "e": f"{head}D{some[:5]}"}
        ways |= {"g": f"{head}{some[:4]}挂", "x": f"{head}{some[:4]}学", "j": f"{head}{some[:4]}警"}
        return ways[kind[1:]]
    name = {"S": r.choice(SURNAMES[half]), "G": r.choice(GIVEN[half].split())}
    full = r.choice(SURNAMES[half]) + r.choice(GIVEN[half].split())
    return {
        "N": full, "2": r.choice(SURNAMES[half][:40]) + r.choice([g for g in GIVEN[half].split() if len(g) == 1]),
        "M": r.choice(MINORITY[half].split()), "E": r.choice(ENGLISH[half].split("|")), **name, "o": some[:16],
        "q": r.choice("123456789") + some[:8], "w": r.choice(["xiaoyu", "lele_", "hn-boy", "zq"]) + some[:4],
        "r": f"{r.randint(1, 30)}0{r.randint(1, 4)}", "b": str(r.randint(2, 40)), "u": str(r.randint(2, 9)),
    }[kind]  # fmt: skip


def texts(half: str, each: int, seed: int = 0) -> list[tuple[str, str, list[str]]]:
    """`each` texts of every template of a half: kind, text, what must be gone."""
    r = random.Random(seed)
    rows = []
    for line in TEMPLATES.read_text("utf-8").splitlines():
        if not line.startswith(f"{half} "):
            continue
        _, kind, template = line.split(" ", 2)
        for _ in range(each):
            # in a secret, what follows a space belongs to the placeholder, except {S} {G}
            said = re.sub(r"\{([^{}]+)\}", lambda m: _planted(m[1], r, half), _spelled(template))
            secrets = re.findall(r"<([^<>]*)>", said)
            rows.append((kind, r.choice(BEFORE) + re.sub("[<>]", "", said) + r.choice(AFTER), secrets))
    return rows


def _spelled(template: str) -> str:
    """`{b}组` and the shorthand `{b组}` are one: the number, then what stands behind it."""
    return re.sub(r"\{([bu])([^{}]+)", r"{\1}\2{", template).replace("{}", "")


def left(rows: list[tuple[str, str, list[str]]], *, complaint: bool) -> list[tuple[str, str, str]]:
    """What survives: kind, secret, the text as it came out; of `stays` what was touched."""
    out = redaction.redact(pl.Series([text for _, text, _ in rows]), complaint=complaint)
    found = []
    for (kind, text, secrets), hidden in zip(rows, out, strict=True):
        if kind == "stays":
            found += [(kind, text, hidden)] * (text != hidden)
        else:
            found += [(kind, s, hidden) for s in secrets if _stands(kind, s, hidden)]
    return found


def _stands(kind: str, secret: str, hidden: str) -> bool:
    if kind == "home":
        return re.findall(r"[0-9]+", secret)[-1] in re.findall("[0-9]+", hidden)
    if kind == "name":
        bare = re.sub(r"[^A-Za-z\u4e00-\u9fff]", "", secret)
        return bare in re.sub(r"[^A-Za-z\u4e00-\u9fff]", "", hidden)
    return survives(unicodedata.normalize("NFKC", secret), hidden)


def surviving(half: str, each: int, *, complaint: bool, seed: int = 0) -> dict[str, tuple[int, int]]:
    """By kind: how much survives, of how much."""
    rows = texts(half, each, seed)
    gone = Counter(kind for kind, _, _ in left(rows, complaint=complaint))
    of = Counter(kind for kind, _, secrets in rows for _ in secrets or [""])
    return {kind: (gone[kind], n) for kind, n in sorted(of.items())}
