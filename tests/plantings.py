"""Plantings: texts that hold something personal, written in the many ways in which people write it."""

import random
import re
import unicodedata

NUMERALS = "零一二三四五六七八九"
FORMAL_DIGITS = "零壹贰叁肆伍陆柒捌玖"
CIRCLED = "⓪①②③④⑤⑥⑦⑧⑨"
WIDE = str.maketrans("0123456789", "０１２３４５６７８９")
FORMAL = str.maketrans("0123456789", FORMAL_DIGITS)
BEFORE = [
    "",
    "请联系",
    "我的电话是",
    "有事打我手机：",
    "退款请打",
    "投诉店家不退钱，",
    "求助！",
    "味道一般，外卖小哥",
    "云溪县第三小学家长：",
    "请市场监管局尽快处理，",
    "麻烦领导处理一下，",
    "@云溪发布 ",
    "价格 35 元，",
    "第3次投诉了 ",
]
AFTER = [
    "",
    "，谢谢",
    "。望尽快处理",
    " 急！",
    "（白天打）",
    "，退款一直不到账",
    "\n多谢领导",
    "一直没人管",
    "！！！",
    " http://t.cn/abc123",
]
SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董潘蒋蔡余杜叶程苏魏吕丁沈姚卢姜崔钟谭陆汪范廖贾夏韦付邹孟熊秦"
    "邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵覃武戴莫孔汤康"
)
GIVEN = [*"伟芳娜敏静丽强磊洋艳勇军杰娟涛超"]
GIVEN += re.findall("..", "秀英建国志强桂花小明玉兰海燕雪梅子轩梓涵欣怡国庆春生红霞大勇思远文博佳琪晓东丽华")


def _mobile(r: random.Random) -> tuple[str, str]:
    n = "1" + r.choice("3456789") + "".join(r.choices("0123456789", k=9))
    sep = r.choice([" ", "-", ".", "—", "·", "_", "－", "\u200b", "  ", " - ", "、", "，"])
    written = r.choice(
        [
            n,
            n,
            f"{n[:3]}{sep}{n[3:7]}{sep}{n[7:]}",
            f"({n[:3]}){n[3:]}",
            f"+86{r.choice(['', ' ', '-'])}{n}",
            f"0086{n}",
            n.translate(WIDE),
            "".join(NUMERALS[int(d)] for d in n),
            "".join(NUMERALS[int(d)] if r.random() < 0.5 else d for d in n),
            f"{n[:3]}{''.join(NUMERALS[int(d)] for d in n[3:7])}{n[7:]}",
            "".join(CIRCLED[int(d)] for d in n),
            r.choice([" ", "-", ".", "\u200b", "*"]).join(n),
            " ".join(NUMERALS[int(d)] for d in n),
            n.replace("0", "O"),
            n.replace("1", "幺", 1),
            f"{n[:7]} {n[7:]}",
            f"{n[:3]} {n[3:]}",
            f"{n[:4]}-{n[4:7]}-{n[7:]}",
            n.translate(FORMAL),
            f"{n[:3]} {n[3:7]} {n[7:]}".translate(WIDE | {32: 0x3000}),
            f"{n[:3]}【{n[3:7]}】{n[7:]}",
            f"{r.choice(['/', '~', '…', '杠', '空', 'x', '👉', chr(10)])}".join([n[:3], n[3:7], n[7:]]),
            r.choice("/、,.").join(n),
            f"{n[:2]} {n[2:4]} {n[4:6]} {n[6:8]} {n[8:]}",
            f"{r.choice(['tel:', 'tel', '微信', 'vx', 'V', 'QQ'])}{n}",
            f"{n}{r.choice(['(微信同号)', '万分感谢', '元宝'])}",
            f"{n[:3]}\ufe0f\u20e3".replace(n[:3], "\ufe0f\u20e3".join(n[:3])) + n[3:],
        ]
    )
    return written, n


def _identity(r: random.Random) -> tuple[str, str]:
    n = r.choice(["430102", "110105", "510107", "330182", "652301"])
    n += f"{r.randint(1940, 2018)}{r.randint(1, 12):02}{r.randint(1, 28):02}{r.randint(0, 999):03}"
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    n += "10X98765432"[sum(int(d) * w for d, w in zip(n, weights, strict=True)) % 11]
    sep = r.choice([" ", "-", ".", "\u200b"])
    written = r.choice(
        [
            n,
            n,
            n.lower(),
            n.translate(WIDE),
            f"{n[:6]}{sep}{n[6:14]}{sep}{n[14:]}",
            f"{n[:6]}{sep}{n[6:10]}{sep}{n[10:14]}{sep}{n[14:]}",
            sep.join(n),
            f"{n[:6]}/{n[6:14]}/{n[14:]}",
            f"{n[:17]} {n[17]}",
            f"身份证{n[:12]} {n[12:]}",
            "".join(NUMERALS[int(d)] if d.isdigit() else d for d in n),
        ]
    )
    return written, n


def _bank(r: random.Random) -> tuple[str, str]:
    n = r.choice(["622202", "621700", "436742", "552245", "955880", "356833"])
    n += "".join(r.choices("0123456789", k=r.choice([9, 12])))
    total = sum(int(d) if i % 2 else sum(divmod(2 * int(d), 10)) for i, d in enumerate(reversed(n)))
    n += str(-total % 10)
    grouped = re.sub(r"(\d{4})(?=\d)", r"\1@", n)
    written = [n, n, *(grouped.replace("@", mark) for mark in (" ", "-", ".", "－", "  ")), n.translate(WIDE)]
    written += ["".join(NUMERALS[int(d)] for d in n), f"{n[:6]} {n[6:]}"]
    return r.choice(written), n


def _plate(r: random.Random) -> tuple[str, str]:
    serial = (
        r.choice(["A12{}5", "{}1234", "{}{}888", "D{}2345", "9{}21{}"])
        .replace("{}", "{0}")
        .format(r.choice("BCDEFGHJKLMNPQRSTUVWXYZ"))
    )
    head = r.choice("川湘粤京沪苏浙鲁豫鄂皖赣渝") + r.choice("ABCDEFGH")
    written = head + r.choice(["", "", "·", " ", "-", "．"]) + serial
    return r.choice([written, written, written.translate(WIDE), " ".join(head + serial)]), head + serial


def _name(r: random.Random) -> tuple[str, str]:
    name = r.choice(SURNAMES) + r.choice(GIVEN)
    said = r.choice(
        [
            "我叫{}，",
            "我叫{} ",
            "投诉人：{}，",
            "投诉人{}，",
            "举报人{}电话",
            "联系人：{}。",
            "姓名：{}\n",
            "联系人:{}（业主）",
            "收件人：{} ",
            "老板{}，",
            "当事人{}（女）",
            "反映人：{}；",
        ]
    )
    return said.format(name), name


def _address(r: random.Random) -> tuple[str, str]:
    b, u, room = r.randint(1, 40), r.randint(1, 5), f"{r.randint(1, 32)}0{r.randint(1, 6)}"
    estate = r.choice(["幸福小区", "阳光花园", "云溪新城", "翠湖苑", "滨江公寓", "丝厂家属院"])
    written = r.choice(
        [
            f"家住{estate}{b}号楼{u}单元{room}室",
            f"住在{estate}{b}栋{room}",
            f"我是{estate}{b}栋{u}单元{room}的业主",
            f"{estate}{b}幢{NUMERALS[u]}单元{room}房漏水",
            f"{estate}{b}-{u}-{room}",
            f"{estate} {b}栋 {u}单元 {room}",
            f"收货地址：云溪县城关镇{estate}{b}栋{room}",
        ]
    )
    return written, room


def _account(r: random.Random) -> tuple[str, str]:
    qq = r.choice("123456789") + "".join(r.choices("0123456789", k=r.randint(5, 9)))
    wx = r.choice(["yunxi", "abc_", "lao-wang", "wx"]) + "".join(r.choices("0123456789", k=5))
    written, n = r.choice(
        [
            (f"QQ{qq}", qq),
            (f"QQ：{qq}", qq),
            (f"qq号{qq}", qq),
            (f"扣扣:{qq}", qq),
            (f"微信{wx}", wx),
            (f"微信号：{wx}", wx),
            (f"VX:{wx}", wx),
            (f"加V：{wx}", wx),
            (f"薇信 {wx}", wx),
            (f"{wx}@163.com", wx),
            (f"{qq}@qq.com", qq),
            (f"{qq}＠qq.com", qq),
            (f"{qq}#qq.com", qq),
            (f"企鹅：{qq}", qq),
            (f"QQ号是{qq.translate(WIDE)}", qq),
            (f"V❤{wx}", wx),
            (f"微 信 号 {wx}", wx),
            (f"绿泡泡{wx}", wx),
            (f"{wx} at qq.com", wx),
            (f"{wx}@qq点com", wx),
            (f"{wx}艾特163点com", wx),
            (f"{wx} @ mail.example.com.cn", wx),
        ]
    )
    return written, n


def _order(r: random.Random) -> tuple[str, str]:
    n = "".join(r.choices("0123456789", k=r.choice([12, 15, 16, 18])))
    said = r.choice(
        ["订单号{}", "订单编号：{}", "快递单号 {}", "运单号:{}", "单号{}", "订单【{}】", "订单号“{}”", "物流单号为{}"]
    )
    return said.format(r.choice([n, n, n.translate(WIDE), f"{n[:4]}-{n[4:8]}-{n[8:]}"])), n


def _landline(r: random.Random) -> tuple[str, str]:
    n = r.choice("2345678") + "".join(r.choices("0123456789", k=7))
    written = r.choice([n, f"{n[:4]} {n[4:]}", f"{n[:4]}-{n[4:]}", n.translate(WIDE)])
    said = [
        "0731-{}",
        "（0731）{}",
        "0731 {}",
        "010{}",
        "我家座机{}",
        "家里电话0731—{}",
        "0731/{}",
        "0731.{}",
        "+86 731 {}",
    ]
    return r.choice(said).format(written), n


def _position(r: random.Random) -> tuple[str, str]:
    lat, lon = f"{r.uniform(18, 53):.5f}", f"{r.uniform(74, 134):.5f}"
    said = ["{},{}", "北纬{} 东经{}", "{}°N, {}°E", "纬度：{}，经度：{}", "N{} E{}", "lat={}&lng={}", "（{}，{}）"]
    return r.choice(said).format(lat, lon), lon


KINDS = (
    [_mobile] * 6 + [_identity] * 3 + [_bank, _plate, _name, _name, _address, _account, _order, _landline, _position]
)


def planted(n: int, seed: int = 0) -> list[tuple[str, str, str]]:
    """`n` texts that hold something personal: (text, what to look for afterwards, kind)."""
    r = random.Random(seed)
    rows = []
    for _ in range(n):
        make = r.choice(KINDS)
        written, secret = make(r)
        rows.append((r.choice(BEFORE) + written + r.choice(AFTER), secret, make.__name__))
    return rows


def survives(secret: str, text: str) -> bool:
    """Whether `secret` can still be read in `text`, whatever stands between its characters."""
    if re.search(r"[\u4e00-\u9fff]{2}", secret):
        return secret in text
    text = "".join(str(unicodedata.digit(c)) if unicodedata.digit(c, None) is not None else c for c in text)
    text = "".join(
        str(NUMERALS.index(c))
        if c in NUMERALS
        else str(FORMAL_DIGITS.index(c))
        if c in FORMAL_DIGITS
        else "1"
        if c == "幺"
        else "0"
        if c == "O"
        else c
        for c in text
    )
    squeezed = re.sub(r"[^0-9A-Za-z\u4e00-\u9fff]|[零〇]", "", text).upper()
    return re.sub(r"[^0-9A-Za-z\u4e00-\u9fff]", "", secret).upper() in squeezed
