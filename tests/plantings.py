# ruff: noqa: E501 - tables of templates
"""Plantings: texts that hold something personal, written in the many ways in which people write it.

Each kind has two halves of templates and names: rules are built on the one (`build`) and judged on the other (`held`).
"""

from __future__ import annotations

import random
import re
import unicodedata
from collections.abc import Callable
from typing import Literal

Half = Literal["build", "held"]

NUMERALS = "零一二三四五六七八九"
FORMAL = "零壹贰叁肆伍陆柒捌玖"
CIRCLED = "⓪①②③④⑤⑥⑦⑧⑨"
PARENTHESISED = "0⑴⑵⑶⑷⑸⑹⑺⑻⑼"
BLACK = "⓿❶❷❸❹❺❻❼❽❾"
SOUND = "𝟎𝟏𝟐𝟑𝟒𝟓𝟔𝟕𝟖𝟗"

BEFORE = {
    "build": ["", "请联系", "有事请打：", "投诉店家不退钱，", "求助！", "味道一般，", "云溪县第三小学家长：", "请市场监管局尽快处理，",
              "@云溪发布 ", "价格 35 元，", "第3次投诉了 ", "您好，", "商家一直不退款。", "关于霉变月饼的问题："],
    "held": ["", "麻烦领导核实，", "紧急！！", "我在店里买了 2 盒药，", "（转）", "昨天9点多，", "1、", "反映：", "孩子吃坏肚子，",
             "城关镇这家店太黑了。", "已经打过12315，", "订了三桌酒席，", "【求助】", "2026年3月5日，"],
}  # fmt: skip
AFTER = {
    "build": [
        "",
        "，谢谢",
        "。望尽快处理",
        " 急！",
        "，退款一直不到账",
        "\n多谢领导",
        "！！！",
        " http://t.cn/abc123",
        "，商家态度差",
    ],
    "held": ["", "，盼复", "。请核实", "；", "，要求赔偿500元", "\n此致敬礼", "……", "，到现在没人回", " 拜托了"],
}
SURNAMES = {
    "build": [*"王李张刘陈杨黄赵吴周徐孙马朱胡郭何林罗郑梁谢宋唐许韩冯邓曹彭曾", "欧阳", "上官"],
    "held": [
        *"肖田董潘蒋蔡余杜叶程苏魏吕丁沈姚卢姜崔钟谭陆汪范廖贾夏韦付邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵覃武戴莫孔汤",
        "司马",
        "诸葛",
    ],
}
GIVEN = {
    "build": [*"伟芳娜敏静丽强磊洋艳", *re.findall("..", "秀英建国志强桂花小明玉兰海燕雪梅子轩梓涵欣怡国庆春生红霞大勇思远")],
    "held": [*"勇军杰娟涛超斌琴鹏婷", *re.findall("..", "文博佳琪晓东丽华永强秋菊德胜淑芬俊杰雨桐宏伟翠萍少华明辉银花继红振东美玲长发立群")],
}  # fmt: skip
#: Templates of a kind by half; {} is what is planted.
NAMES = {
    "build": [
        "我叫{}，", "投诉人：{}，", "投诉人{}，", "举报人{}电话", "联系人：{}。", "姓名：{}\n", "联系人:{}（业主）", "收件人：{} ", "老板{}，",
        "当事人{}（女）", "反映人：{}；", "{}女士反映", "{}先生说，", "班主任{}老师", "店员{}态度很差", "我孩子{}在这家店", "本人{}，",
        "，{}（男，35岁）", "经营者：{}，", "法人代表：{}", "法定代表人{}，", "负责人：{}", "收款人：{}，", "开户名：{} ", "姓 名： {} 性别",
        "投 诉 人：{}。", "我妈{}买了保健品", "服务员{}当场骂人", "局长{}说不管", "户名：{}，", "微信转给{}，", "{}老师体罚学生",
    ],
    "held": [
        "我是{}，", "申请人：{}，", "举报人：{} ", "求助人{}，", "寄件人：{}。", "名字叫{}，", "我女儿{}今年上学", "我老公{}，", "店主{}，",
        "店长{}说不退", "教练{}收了钱", "{}阿姨买的", "{}同志，", "{}经理答应退", "{}局长批示", "，{}（女，1985年生）", "{}，男，46岁，",
        "法人：{}，", "持卡人：{}，", "收款方：{}；", "开户人：{} ", "联 系 人 ：{} ", "姓　名：{}，", "收货人:{}，", "医生{}开的药",
        "业主{}，", "销售{}承诺", "班主任：{}，", "患者{}，", "快递员{}不送", "客服：{}。", "户主：{}；", "房东{}不退押金",
    ],
}  # fmt: skip
ESTATES = {
    "build": ["幸福小区", "阳光花园", "云溪新城", "翠湖苑", "滨江公寓", "丝厂家属院"],
    "held": ["锦绣家园", "南门小区", "书香华府", "桂花园", "东方明珠", "老粮站宿舍", "金域蓝湾"],
}
HOMES = {
    "build": [
        "家住{e}{b}号楼{u}单元{r}室", "住在{e}{b}栋{r}", "我是{e}{b}栋{u}单元{r}的业主", "{e}{b}幢{U}单元{r}房漏水", "{e}{b}-{u}-{r}",
        "{e} {b}栋 {u}单元 {r}", "收货地址：云溪县城关镇{e}{b}栋{r}", "{e}A座{r}", "{e}{b}#{u}-{r}", "{e}{b}栋{f}楼{r}号", "住址：{e}{b}栋{r}",
        "{e}{B}栋{U}单元{R}室",
    ],
    "held": [
        "我家在{e}{b}栋{u}单元{r}", "{e}C座{r}室住户", "{e}{b}#楼{u}-{r}", "{e}{b}号楼{f}层{r}室", "{e}{b}幢{r}", "{e}{b}栋{u}单元{f}楼{r}号",
        "地址：云溪县{e}{b}号楼{r}", "送货地址：{e}{b}-{u}-{r}室", "{e}{b}座{r}房", "租住在{e}{b}栋{r}", "{e}{B}号楼{R}", "{e}{b}栋{u}梯{r}",
    ],
}  # fmt: skip
ACCOUNTS = {
    "build": [
        "QQ{q}", "QQ：{q}", "qq号{q}", "扣扣:{q}", "微信{w}", "微信号：{w}", "VX:{w}", "加V：{w}", "薇信 {w}", "{w}@163.com", "{q}@qq.com",
        "{q}#qq.com", "企鹅：{q}", "V❤{w}", "微 信 号 {w}", "绿泡泡{w}", "{w} at qq.com", "{w}艾特163点com", "抖音号：{w}", "快手号{w}",
        "小红书账号：{w}", "支付宝账号：{w}", "钉钉号：{w}", "telegram：{w}", "➕薇{w}", "+V {w}", "抖音ID:{w}",
    ],
    "held": [
        "QQ号码：{q}", "Q号：{q}", "我的微信是{w}", "wechat：{w}", "wx号:{w}", "V信：{w}", "威信：{w}", "加微{w}", "邮箱：{w}@126.com",
        "邮箱{w}＠sina.com", "{w}@qq点com", "抖音账号{w}", "快手ID：{w}", "小红书号 {w}", "支付宝：{w}", "钉钉：{w}", "TG：{w}", "Telegram @{w}",
        "+薇：{w}", "➕v：{w}", "微博账号：{w}", "whatsapp:{w}", "闲鱼昵称：{w}", "我的抖音号是{w}", "淘宝账号：{w}", "徽信{w}", "卫星号：{w}",
    ],
}  # fmt: skip


def _grouped(n: str, mark: str, *sizes: int) -> str:
    parts, at = [], 0
    for size in sizes:
        parts.append(n[at : at + size])
        at += size
    return mark.join([*parts, n[at:]])


def _in(n: str, digits: str) -> str:
    return "".join(digits[int(c)] if c.isdigit() else c for c in n)


def _mobile(r: random.Random, half: Half) -> tuple[str, str]:
    n = "1" + r.choice("3456789") + "".join(r.choices("0123456789", k=9))
    wide = n.translate({ord(c): ord(c) + 0xFEE0 for c in "0123456789"})
    if half == "build":
        sep = r.choice([" ", "-", ".", "—", "·", "_", "－", "\u200b", "  ", " - ", "、", "，"])
        ways = [
            n, n, _grouped(n, sep, 3, 4), f"({n[:3]}){n[3:]}", f"+86{r.choice(['', ' ', '-'])}{n}", f"0086{n}", wide, _in(n, NUMERALS),
            "".join(r.choice((NUMERALS[int(d)], d)) for d in n), _in(n, CIRCLED), r.choice([" ", "-", ".", "\u200b", "*"]).join(n),
            " ".join(_in(n, NUMERALS)), n.replace("0", "O"), n.replace("1", "幺", 1), f"{n[:7]} {n[7:]}", _in(n, FORMAL),
            f"{n[:3]}【{n[3:7]}】{n[7:]}", _grouped(n, r.choice(["/", "~", "…", "杠", "空", "x", "👉", "\n"]), 3, 4), r.choice("/、,.").join(n),
            _grouped(n, " ", 2, 2, 2, 2), f"{r.choice(['tel:', 'tel', '微信', 'vx', 'V', 'QQ'])}{n}", f"{n}{r.choice(['(微信同号)', '万分感谢', '元宝'])}",
            "\ufe0f\u20e3".join(n[:3]) + "\ufe0f\u20e3" + n[3:],
        ]  # fmt: skip
    else:
        ways = [
            n, n, _grouped(n, r.choice(["\u3000", "–", "=", "+", "|", "⋅", "\t"]), 3, 4), f"（{n[:3]}）{_grouped(n[3:], '-', 4)}", f"86-{n}",
            _in(n, PARENTHESISED), _in(n, BLACK), _in(n, SOUND), _in(n[:3], NUMERALS) + n[3:], n[:7] + _in(n[7:], FORMAL), f"手机号码{n}",
            f"电话:{_grouped(n, ' ', 4, 4)}", f"{_in(n, NUMERALS).replace('一', '幺')}", " ".join(wide), _grouped(n, "-", 3, 3),
            _grouped(_in(n, NUMERALS), " ", 3, 4), _grouped(n, "<>", 3, 4), f"联系方式{n}", "，".join(_in(n, NUMERALS)), f"{n[:6]} {n[6:]}",
        ]  # fmt: skip
    return r.choice(ways), n


def _identity(r: random.Random, half: Half) -> tuple[str, str]:
    n = r.choice(["430102", "110105", "510107", "330182", "652301"])
    n += f"{r.randint(1940, 2018)}{r.randint(1, 12):02}{r.randint(1, 28):02}{r.randint(0, 999):03}"
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    right = "10X98765432"[sum(int(d) * w for d, w in zip(n, weights, strict=True)) % 11]
    n += right if r.random() < 0.7 else r.choice("0123456789X")
    wide = n.translate({ord(c): ord(c) + 0xFEE0 for c in "0123456789X"})
    sep = r.choice([" ", "-", ".", "\u200b"])
    if half == "build":
        ways = [n, n.lower(), wide, _grouped(n, sep, 6, 8), _grouped(n, sep, 6, 4, 4), sep.join(n), _grouped(n, "/", 6, 8), f"{n[:17]} {n[17]}",
                f"身份证{n[:12]} {n[12:]}", _in(n, NUMERALS)]  # fmt: skip
    else:
        ways = [n, f"身份证号码：{n}", f"sfz{n}", _grouped(n, " ", 3, 3, 4, 4), _grouped(n, "·", 6, 8), _in(n, FORMAL), f"身份证号为{wide}",
                _in(n, CIRCLED), f"（{n}）", _grouped(n, "—", 6, 8)]  # fmt: skip
    return r.choice(ways), n


def _bank(r: random.Random, half: Half) -> tuple[str, str]:
    n = r.choice(["622202", "621700", "436742", "552245", "955880", "356833"])
    n += "".join(r.choices("0123456789", k=r.choice([9, 12])))
    total = sum(int(d) if i % 2 else sum(divmod(2 * int(d), 10)) for i, d in enumerate(reversed(n)))
    n += str(-total % 10)
    four = re.sub(r"(\d{4})(?=\d)", r"\1@", n)
    marks = (" ", "-", ".", "－") if half == "build" else ("  ", "—", "·", "\u3000")
    ways = [n, *(four.replace("@", mark) for mark in marks)]
    ways += (
        [_in(n, NUMERALS), f"{n[:6]} {n[6:]}"]
        if half == "build"
        else [_in(n, FORMAL), f"卡号：{n}", f"账号{n}", _in(n, CIRCLED)]
    )
    return r.choice(ways), n


def _plate(r: random.Random, half: Half) -> tuple[str, str]:
    letter = r.choice("BCDEFGHJKLMNPQRSTUVWXYZ")
    serial = r.choice(
        [
            f"A12{letter}5",
            f"{letter}1234",
            f"{letter}{letter}888",
            f"D{letter}2345",
            f"9{letter}21{letter}",
            f"12345{letter}"[:6],
        ]
    )
    plate = r.choice("川湘粤京沪苏浙鲁豫鄂皖赣渝") + r.choice("ABCDEFGH") + serial
    if half == "build":
        ways = [
            plate,
            f"{plate[:2]}·{plate[2:]}",
            f"{plate[:2]} {plate[2:]}",
            f"{plate[:2]}-{plate[2:]}",
            " ".join(plate),
        ]
    else:
        wide = plate.translate({ord(c): ord(c) + 0xFEE0 for c in "0123456789ABCDEFGHJKLMNPQRSTUVWXYZ"})
        ways = [
            plate,
            f"车牌号：{plate}",
            plate.lower(),
            wide,
            f"车牌{plate[:2]}•{plate[2:]}",
            f"{plate[:2]}．{plate[2:]}",
            f"{plate[0]} {plate[1:]}",
        ]
    return r.choice(ways), plate


def _name(r: random.Random, half: Half) -> tuple[str, str]:
    name = r.choice(SURNAMES[half]) + r.choice(GIVEN[half])
    said = r.choice(NAMES[half])
    written = (
        r.choice([" ", "  ", "\u3000"]).join(name)
        if said[-1] in "，。 ；\n" and "：" in said and r.random() < 0.2
        else name
    )
    return said.format(written), name


def _home(r: random.Random, half: Half) -> tuple[str, str]:
    floor, door = r.randint(1, 9), r.randint(1, 6)
    room, b, u = f"{floor}0{door}", r.randint(2, 40), r.randint(1, 5)
    said = r.choice(HOMES[half])
    written = said.format(
        e=r.choice(ESTATES[half]),
        b=b,
        u=u,
        U=NUMERALS[u],
        r=room,
        f=floor,
        B=NUMERALS[b % 9 + 1],
        R=_in(room, NUMERALS),
    )
    return written, _in(room, NUMERALS) if "{R}" in said else room


def _account(r: random.Random, half: Half) -> tuple[str, str]:
    q = r.choice("123456789") + "".join(r.choices("0123456789", k=r.randint(5, 9)))
    heads = ["yunxi", "abc_", "lao-wang", "wx"] if half == "build" else ["happy", "xiao.mei", "li_", "zhang-"]
    w = r.choice(heads) + "".join(r.choices("0123456789", k=5))
    said = r.choice(ACCOUNTS[half])
    return said.format(q=q, w=w), q if "{q}" in said else w


def _order(r: random.Random, half: Half) -> tuple[str, str]:
    n = "".join(r.choices("0123456789", k=r.choice([12, 15, 16, 18])))
    said = {
        "build": ["订单号{}", "订单编号：{}", "快递单号 {}", "运单号:{}", "单号{}"],
        "held": ["订单【{}】", "订单号“{}”", "物流单号为{}", "退款单号：{}"],
    }
    return r.choice(said[half]).format(r.choice([n, f"{n[:4]}-{n[4:8]}-{n[8:]}"])), n


def _landline(r: random.Random, half: Half) -> tuple[str, str]:
    n = r.choice("2345678") + "".join(r.choices("0123456789", k=7))
    said = {
        "build": ["0731-{}", "（0731）{}", "0731 {}", "010{}", "我家座机{}"],
        "held": ["家里电话0731—{}", "0731/{}", "0731.{}", "+86 731 {}", "宅电：{}"],
    }
    return r.choice(said[half]).format(r.choice([n, f"{n[:4]} {n[4:]}", f"{n[:4]}-{n[4:]}"])), n


def _position(r: random.Random, half: Half) -> tuple[str, str]:
    lat, lon = f"{r.uniform(18, 53):.5f}", f"{r.uniform(74, 134):.5f}"
    said = {
        "build": ["{},{}", "北纬{} 东经{}", "{}°N, {}°E", "纬度：{}，经度：{}"],
        "held": ["N{} E{}", "lat={}&lng={}", "（{}，{}）", "定位{}, {}"],
    }
    return r.choice(said[half]).format(lat, lon), lon


KINDS: dict[str, Callable[[random.Random, Half], tuple[str, str]]] = {
    "name": _name, "account": _account, "home": _home, "mobile": _mobile, "identity": _identity, "bank": _bank, "plate": _plate,
    "order": _order, "landline": _landline, "position": _position,
}  # fmt: skip
_OFTEN = (
    ["name"] * 5
    + ["account", "home", "mobile"] * 3
    + ["identity"] * 2
    + ["bank", "plate", "order", "landline", "position"]
)


def planted(n: int, seed: int = 0, half: Half = "build") -> list[tuple[str, str, str]]:
    """`n` texts that hold something personal: (text, what to look for afterwards, kind)."""
    r = random.Random(seed)
    rows = []
    for _ in range(n):
        kind = r.choice(_OFTEN)
        written, secret = KINDS[kind](r, half)
        rows.append((r.choice(BEFORE[half]) + written + r.choice(AFTER[half]), secret, kind))
    return rows


def survives(secret: str, text: str) -> bool:
    """Whether `secret` can still be read in `text`, whatever stands between its characters."""
    if re.search(r"[\u4e00-\u9fff]{2}", secret):
        return secret in re.sub(r"\s", "", text)

    def plain(c: str) -> str:
        for digits in (NUMERALS, FORMAL):
            if c in digits:
                return str(digits.index(c))
        return {"幺": "1", "O": "0"}.get(c, str(unicodedata.digit(c, None) or unicodedata.normalize("NFKC", c)))

    squeezed = re.sub(r"[^0-9A-Za-z\u4e00-\u9fff]", "", "".join(map(plain, text))).upper()
    return re.sub(r"[^0-9A-Za-z\u4e00-\u9fff]", "", secret).upper() in squeezed
