"""Personal data go, public data stay. `planted` makes the varied plantings that the quality gate is measured on."""

import random
import re
import unicodedata

import polars as pl
import pytest

from opinion_lab import config
from opinion_lab.prepare import privacy

KEY = bytes(range(32))


def redact(text: str, **options) -> str:
    return privacy.redact(pl.Series([text], dtype=pl.String), **options)[0]


# --- a table of cases a rule --------------------------------------------------------------------------------

MOBILE = [
    ("电话13812345678，望回复", "电话[手机号]，望回复"),
    ("138 1234 5678", "[手机号]"),
    ("138-1234-5678", "[手机号]"),
    ("138.1234.5678", "[手机号]"),
    ("138—1234—5678", "[手机号]"),
    ("1 3 8 1 2 3 4 5 6 7 8", "[手机号]"),
    ("+86 13812345678", "[手机号]"),
    ("0086-138-1234-5678", "[手机号]"),
    ("8613812345678", "[手机号]"),
    ("013812345678", "[手机号]"),
    ("(138)1234-5678", "[手机号]"),
    ("１３８１２３４５６７８", "[手机号]"),
    ("①③⑧①②③④⑤⑥⑦⑧", "[手机号]"),
    ("138\u200b1234\u200b5678", "[手机号]"),
    ("一三八一二三四五六七八", "[手机号]"),
    ("幺三八 一二三四 五六七八", "[手机号]"),
    ("1三8一2三4五6七8", "[手机号]"),
    ("星期一一三八一二三四五六七八", "星期一[手机号]"),
    ("第一13812345678一直没人接", "第一[手机号]一直没人接"),
    ("l38OO138OOO", "[手机号]"),
    ("13812345678/13912345678", "[手机号]/[手机号]"),
    ("138 1234 5678 139 1234 5678", "[手机号] [手机号]"),
    ("https://a.cn/u?mobile=13812345678&t=1", "https://a.cn/u?mobile=[手机号]&t=1"),
]
NOT_MOBILE = [
    "2013812345678901",  # a longer run of digits is not half replaced
    "381381234567890",
    "编码：13812345678901",
    "产品批号13812345678不合格",
    "总价13812345678元",
    "13812345678.50",
    "12812345678",
    "2026-09-08 12:20",
    "1.5 2.5 3.5 4.5 5.5 6",
    "1998-2013年",
    "13,812,345,678元",
    "18\n11\n3\n4\n26\n19\n7",  # a table
    "一二三四五六七八九十",
]
IDENTITY = [
    ("身份证号11010519491231002X。", "身份证号[身份证]。"),
    ("11010519491231002x", "[身份证]"),
    ("110105 19491231 002X", "[身份证]"),
    ("110105-1949-1231-002X", "[身份证]"),
    ("１１０１０５１９４９１２３１００２Ｘ", "[身份证]"),
    ("身份证：110105194912310021", "身份证：[身份证]"),  # a slip of the pen, but said to be one
    ("430102491231002", "[身份证]"),  # 15 digits, before 1999
    ("护照号码：E12345678", "护照号码：[证件号]"),
    ("房12 11010519491231002X", "房12 [身份证]"),
]
NOT_IDENTITY = [
    "110105194912310021",  # no check digit, nobody says what it is
    "信用代码91110105MA01ABCD2E",
    "999105194912310025",
    "注册号430102491231002",
]
BANK = [
    ("卡号6222021234567890128", "卡号[银行卡]"),
    ("6222 0212 3456 7890 128", "[银行卡]"),
    ("4111-1111-1111-1111", "[银行卡]"),
    ("6222021234567890128 123", "[银行卡] 123"),
    ("工行6222021234567890123", "工行[银行卡]"),  # no check digit, but said to be one
]
NOT_BANK = ["6222021234567890123", "4000020338000025491", "232943\n375651\n185998"]
LANDLINE = [
    ("我家电话0731-84441234", "我家电话[电话]"),
    ("（0731）8444 1234", "[电话]"),
    ("073184441234", "[电话]"),
    ("投诉人电话：84441234", "投诉人电话：[电话]"),
]
NOT_LANDLINE = [
    "投诉举报电话0731-84441234",
    "云溪县市场监督管理局：0731-84441234",
    "详询可致电：0736-7898402",
    "客服热线010-65305675",
    "拨打12315、12345、96315、95588、110",
    "400-820-8820或800-820-2004",
    "0000-00000000",  # already masked
    "京公网安备11010602010161号",
]
ACCOUNT = [
    ("加微信abc_12345详聊", "加微信[社交账号]详聊"),
    ("微信号：wsdjtd", "微信号：[社交账号]"),
    ("VX：yunxi888", "VX：[社交账号]"),
    ("加V：yunxi888", "加V：[社交账号]"),
    ("QQ1945116896", "QQ[社交账号]"),
    ("QQ：3 4 5 0 8 8 2", "QQ：[社交账号]"),
    ("ＱＱ：３４５０８８２", "ＱＱ：[社交账号]"),
    ("写信到zhang.san@example.com", "写信到[邮箱]"),
    ("zhangsan＠qq．com", "[邮箱]"),
    ("12345678#qq.com", "[邮箱]"),
    ("12345678艾特qq.com", "[邮箱]"),
]
NOT_ACCOUNT = [
    "微信CallKit功能", "微信12315小程序", "QQ2012版", "@QQbaby2012", "公众微信号ManchesterOT", "yxscjg@yunxi.gov.cn",
    "https://a.cn/@user", "wxwidgets", "qqqqqq",
]  # fmt: skip
PLATE = [
    ("川A12345逆行", "[车牌]逆行"),
    ("川A·12345", "[车牌]"),
    ("陕 E·F5115", "[车牌]"),
    ("京H-L2021", "[车牌]"),
    ("粤BD12345", "[车牌]"),
    ("陕E265C挂", "[车牌]"),
    ("川a12345", "[车牌]"),
]
NOT_PLATE = ["新Mazda6平台", "北京JEEP2500", "最新GTX1080", "北京CBD200平", "苏stella", "@桂BYW028", "云A8"]
NUMBER = [
    ("订单号：2026090812345678", "订单号：[单号]"),
    ("订单编号13812345678901", "订单编号[单号]"),
    ("订单号13812345678", "订单号[单号]"),
    ("运单SF1234567890123", "运单[单号]"),
    ("快递单号 7312 3456 7890", "快递单号 [单号]"),
    ("SF1234567890123到了", "[单号]到了"),
]
NOT_NUMBER = ["交易20260908", "工单编号20260908001", "订单12345678元", "订单20件"]
PLACE = [
    ("28.22778,112.93886", "[位置]"),
    ("纬度：28.22778", "纬度：[位置]"),
    ("IP 121.41.105.198", "IP [位置]"),
]
NOT_PLACE = [
    "北纬30.3度，东经103.0度", "股权36.6045%", "365.2425天", "7.14.21.28", "版本1.12.103.20", "http://121.41.105.198/a",
]  # fmt: skip
HOME = [
    ("家住幸福小区3号楼2单元501室", "家住幸福小区[门牌]"),
    ("我是麓谷雅园5栋904业主", "我是麓谷雅园[门牌]业主"),
    ("幸福小区3-2-501漏水", "幸福小区[门牌]漏水"),
    ("幸福里三栋二单元502房漏水", "幸福里[门牌]漏水"),
    ("枫桥苑9栋201、202、401房", "枫桥苑[门牌]"),
    ("家住先锋小区6栋，楼上吵", "家住先锋小区[门牌]，楼上吵"),
    ("我住在小江口二巷37号", "我住在小江口二巷[门牌]"),
    ("住址：云溪县城关镇人民路12号", "住址：云溪县城关镇[住址]"),
    ("收货地址:云溪县城关镇幸福小区3栋", "收货地址:云溪县城关镇[住址]"),
    ("阳光花园5栋2单元302，楼下餐馆油烟大", "阳光花园[门牌]，楼下餐馆油烟大"),
]
NOT_HOME = [
    "幸福小区3栋电梯坏了",  # a building is a public matter, a household is not
    "世景华庭9栋1单元的消防栓没水",
    "G2栋320，一家名叫一米阳光的影楼",
    "云溪县人民路12号张记饭店",
    "国际城5栋105号门面",
    "万达广场A座1203",
    "注册地址：九兴大道14号5栋1单元903",
    "共建住宅12栋，1200户",
    "教材第六单元101页",
    "住在时间里",
]
NAME = [
    ("我叫王小明，住在云溪", "我叫王某某，住在云溪"),
    ("我叫黄娇国出生于1966年", "我叫黄某某出生于1966年"),
    ("姓名：欧阳娜，女", "姓名：欧阳某某，女"),
    ("投诉人：李强 电话[手机号]", "投诉人：李某某 电话[手机号]"),
    ("举报人谢钢电话", "举报人谢某某电话"),
    ("联系人：黄金镖、李永和、李秀淼", "联系人：黄某某、李某某、李某某"),
    ("老板许红连（电话不通）", "老板许某某（电话不通）"),
    ("当事人陈述平，男", "当事人陈某某，男"),
    ("联系:陈珉岩 13006609059", "联系:陈某某 [手机号]"),
    ("李志宁（13988505869）", "李某某（[手机号]）"),
    ("我是张新生（13999290809）", "我是张某某（[手机号]）"),
    ("我叫王小明。王小明三次去店里", "我叫王某某。王某某三次去店里"),
    ("投訴人：陳大文，電話不通", "投訴人：陳某某，電話不通"),
]
NOT_NAME = [
    "老板不管", "店主说不退", "老板高兴地走了", "投诉人于1997年去过", "投诉人于当日，又去", "举报人向商家，要求退款",
    "当事人何时道歉", "业主周先生", "联系人：张主任", "酒店主要靠近企业", "我是高中生，来投诉", "我是江西人，",
    "我叫了外卖", "当事人应当赔偿", "业主孙子，读小学", "实名举报全聚德（某店）", "我叫张某某，住在",
    "老板温和，价格公道", "患者高血压，常年吃药", "据当事人陈述，并非如此", "@我叫王大大 来看", "我是凌晨4点到的",
    "业主单位住建局",
    "孩子5岁，在云溪县第三小学读书",  # of minors nothing is dropped
]  # fmt: skip

CHANGED = [MOBILE, IDENTITY, BANK, LANDLINE, ACCOUNT, PLATE, NUMBER, PLACE, HOME, NAME]
KEPT = [
    NOT_MOBILE,
    NOT_IDENTITY,
    NOT_BANK,
    NOT_LANDLINE,
    NOT_ACCOUNT,
    NOT_PLATE,
    NOT_NUMBER,
    NOT_PLACE,
    NOT_HOME,
    NOT_NAME,
]


@pytest.mark.parametrize(("text_in", "text_out"), [case for table in CHANGED for case in table])
def test_personal_data_become_marks(text_in, text_out):
    assert redact(text_in) == text_out


@pytest.mark.parametrize("text", [text for table in KEPT for text in table])
def test_what_only_looks_personal_stays(text):
    assert redact(text) == text


def test_the_bureaus_own_numbers_and_landlines_of_offices_stay():
    assert redact("电话0731-84441234", keep=["0731-84441234"]) == "电话0731-84441234"
    assert redact("联系电话：0731-84441234，我叫王小明", office=True) == "联系电话：0731-84441234，我叫王某某"


def test_a_second_time_changes_nothing():
    texts = pl.Series([t for table in CHANGED for t, _ in table])
    once = privacy.redact(texts)
    assert privacy.redact(once).to_list() == once.to_list()


def test_null_stays_null_and_rows_keep_their_place():
    s = pl.Series("text", [None, "13812345678", "", "好吃"])
    assert privacy.redact(s).to_list() == [None, "[手机号]", "", "好吃"]
    assert privacy.redact(s).name == "text"


def test_every_rule_has_a_source_and_a_known_check():
    rules = privacy.load()
    assert all(r.source and r.replace for r in rules.rule)
    assert len({r.id for r in rules.rule}) == len(rules.rule)


def test_a_broken_table_says_where(tmp_path):
    good = privacy.RULES.read_text(encoding="utf-8")
    for old, new, said in (
        ('check = "mobile"', 'check = "mobil"', "mobil"),
        ("(?<![0-9A-Za-z])[1-9][0-9]{14}", "(", "P02a"),
        ('what = "手机号"', 'wat = "手机号"', "wat"),
        ('id = "P01"', "id = P01", "写法有误"),
    ):
        path = tmp_path / "redaction.toml"
        path.write_text(good.replace(old, new), encoding="utf-8")
        with pytest.raises(config.LabError, match=said):
            privacy.load(path)


# --- plantings -----------------------------------------------------------------------------------------------

NUMERALS = "零一二三四五六七八九"
CIRCLED = "⓪①②③④⑤⑥⑦⑧⑨"
WIDE = str.maketrans("0123456789", "０１２３４５６７８９")
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
        ]
    )
    return written, n


def _bank(r: random.Random) -> tuple[str, str]:
    n = r.choice(["622202", "621700", "436742", "552245", "955880", "356833"])
    n += "".join(r.choices("0123456789", k=r.choice([9, 12])))
    total = sum(int(d) if i % 2 else sum(divmod(2 * int(d), 10)) for i, d in enumerate(reversed(n)))
    n += str(-total % 10)
    grouped = re.sub(r"(\d{4})(?=\d)", r"\1@", n)
    return r.choice([n, n, grouped.replace("@", " "), grouped.replace("@", "-"), n.translate(WIDE)]), n


def _plate(r: random.Random) -> tuple[str, str]:
    serial = (
        r.choice(["A12{}5", "{}1234", "{}{}888", "D{}2345", "9{}21{}"])
        .replace("{}", "{0}")
        .format(r.choice("BCDEFGHJKLMNPQRSTUVWXYZ"))
    )
    head = r.choice("川湘粤京沪苏浙鲁豫鄂皖赣渝") + r.choice("ABCDEFGH")
    return head + r.choice(["", "", "·", " ", "-"]) + serial, head + serial


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
        ]
    )
    return written, n


def _order(r: random.Random) -> tuple[str, str]:
    n = "".join(r.choices("0123456789", k=r.choice([12, 15, 16, 18])))
    return r.choice(["订单号{}", "订单编号：{}", "快递单号 {}", "运单号:{}", "单号{}"]).format(n), n


def _landline(r: random.Random) -> tuple[str, str]:
    n = r.choice("2345678") + "".join(r.choices("0123456789", k=7))
    return r.choice(["0731-{}", "（0731）{}", "0731 {}", "010{}", "我家座机{}", "家里电话0731—{}"]).format(n), n


KINDS = [_mobile] * 6 + [_identity] * 3 + [_bank, _plate, _name, _name, _address, _account, _order, _landline]


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
        str(NUMERALS.index(c)) if c in NUMERALS else "1" if c == "幺" else "0" if c == "O" else c for c in text
    )
    squeezed = re.sub(r"[^0-9A-Za-z\u4e00-\u9fff]|[零〇]", "", text).upper()
    return re.sub(r"[^0-9A-Za-z\u4e00-\u9fff]", "", secret).upper() in squeezed


def test_no_planted_number_survives():
    rows = planted(2_000)
    out = privacy.redact(pl.Series([t for t, _, _ in rows]))
    left = [(t, o) for (t, secret, _), o in zip(rows, out, strict=True) if survives(secret, o)]
    assert left == []


def test_the_planting_check_can_fail():
    assert survives("13812345678", "打我一三八 1234-五六七八")
    assert not survives("13812345678", "打我[手机号]")


# --- pseudonyms ----------------------------------------------------------------------------------------------


def test_a_pseudonym_is_keyed_short_and_the_same_wherever_written():
    a = privacy.pseudonyms(pl.Series(["甲", "@甲", " 甲 ", "＠甲", "ＡＢ", "AB", "乙", None, ""]), KEY).to_list()
    assert a[0] == a[1] == a[2] == a[3] != a[6]
    assert a[4] == a[5]
    assert a[7] is None and a[8] is None
    assert re.fullmatch(r"u_[0-9a-f]{12}", a[0])
    assert privacy.pseudonyms(pl.Series(["甲"]), b"another key")[0] != a[0]


def test_a_mention_and_its_author_are_the_same_person():
    author = privacy.pseudonyms(pl.Series(["甲_01"]), KEY)[0]
    assert privacy.mentions(pl.Series(["问 @甲_01：真的？"]), KEY)[0] == f"问 @{author}：真的？"
    assert privacy.mentions(pl.Series(["＠甲_０１ 真的？"]), KEY)[0] == f"@{author} 真的？"


@pytest.mark.parametrize(
    "text",
    ["@云溪发布 请回应", "@云溪县市场监督管理局请回应", "没有提到谁", "[邮箱]"],
)
def test_organisations_stay_named(text):
    keep = ["云溪发布", "@云溪县市场监督管理局"]
    assert privacy.mentions(pl.Series([text]), KEY, keep=keep)[0] == text


def test_no_mentioned_person_is_left():
    texts = pl.Series(["@山新 @辛羊小咩 //@碧海青天1566:好", "RT@abc:x", None, "@u/1750195003:转"])
    out = privacy.mentions(texts, KEY)
    assert out.null_count() == 1
    assert not out.str.contains("山新|小咩|碧海|abc|1750195003").any()
