# ruff: noqa: E501 - tables of templates
"""Two sets of plantings more, each scored once before any rule saw it, and 230 lines written by hand as people write.

A line marks what is planted: `我叫{name:覃月娥}，住{home:金桂苑6栋2单元1403|1403}`; behind | what must not be left.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from pathlib import Path

import polars as pl

from opinion_lab.prepare import redaction
from tests.plantings import survives

BY_HAND = Path(__file__).parents[1] / "fixtures" / "plantings_by_hand.txt"

SUR = {
    "A": [*"覃瞿匡祝岳滕粟向聂喻阳舒晏谌邬邝冉佘栾危敖鄢巩翟柏凌屈易雷孟龚戴尹廖文"],
    "B": [*"阎翁骆蓝包甘柯纪童左詹殷尚柳宁翁时阮霍裴焦齐庄辛管车连米苗季盛应温", " 闻人".strip(), "夏侯"],
}
SUR["B"] = [s for s in SUR["B"] if s]
SUR["A"] += [*"王李张刘陈杨黄周吴"]
SUR["B"] += [*"赵徐孙马朱胡林郭何高罗"]
GIV = {
    "A": re.findall(
        "[一-鿿]+",
        "桂枝 长松 腊梅 冬生 土生 若曦 梓萱 沐辰 满秀 忠良 先旺 世安 友谊 双喜 水清 凤姣 伯钧 芷晴 可馨 亦凡 洪涛 礼全 开元 子墨 冰冰 岩 倩 霖 犇 瑾 阿娇 求实 万里 竹青 石头 元宵 大年 来弟 仙桃 连根",
    ),
    "B": re.findall(
        "[一-鿿]+",
        "金凤 银龙 润生 必成 语嫣 浩宇 诗涵 奕辰 菊英 崇德 三妹 铁柱 广才 一鸣 思源 贵生 友兰 亚楠 佳慧 雨泽 志坚 传福 治国 念慈 锁柱 灿 昀 鑫 骁 晗 满仓 福田 朝阳 春晓 长征 卫东 跃进 爱党 招娣 玉环",
    ),
}
N = {
    "A": [
        "我{N}要投诉",
        "我是业主{N}",
        "诉求人：{N}",
        "反映人姓名 {N}",
        "来访者{N}",
        "联络人：{N}，",
        "【姓名】{N}",
        "投诉者：{N}",
        "户主叫{N}",
        "我岳母{N}",
        "我徒弟{N}",
        "我们厂的{N}",
        "班组长{N}",
        "医保窗口的{N}",
        "业务经理{N}",
        "带班老师{N}",
        "包工头{N}",
        "房产中介{N}",
        "陪玩师{N}",
        "主播{N}",
        "{N}（身份证附后）",
        "{N}妈妈",
        "{N}爸爸说",
        "{N}律师代理",
        "{N}、女、56岁",
        "署名：{N}",
        "此致 敬礼 {N}",
        "来信人{N}",
        "买方{N}",
        "乙方：{N}",
        "甲方（签字）{N}",
        "签收人：{N}",
        "收费员{N}",
        "护工{N}",
        "导游{N}，",
        "我弟媳{N}",
        "被投诉人{N}",
        "被举报人：{N}",
        "死者{N}",
        "股东{N}",
        "“{N}”这个人",
        "{N}和我是同事",
        "{N}已经去世",
        "原房东{N}",
        "供货商{N}",
        "代办人 {N}",
    ],
    "B": [
        "在下{N}，",
        "我本人{N}，",
        "申诉人{N}，",
        "投诉人姓名是{N}",
        "留言人：{N}",
        "网友真名{N}",
        "来电人{N}，",
        "提交人：{N}",
        "受害者{N}",
        "我表哥{N}",
        "我舅妈{N}",
        "我侄女{N}",
        "我公公{N}",
        "保安队的{N}",
        "点长{N}，",
        "健身教练{N}",
        "柜台的{N}",
        "施工方{N}",
        "二房东{N}",
        "团长{N}",
        "维修工{N}",
        "{N}（已成年）",
        "{N}奶奶",
        "{N}家长",
        "{N}医师",
        "{N}，女，七十岁",
        "落款：{N}",
        "谢谢！{N}",
        "报案人{N}",
        "卖方{N}",
        "承租方：{N}",
        "出借人{N}",
        "领款人：{N}",
        "检票员{N}",
        "月嫂{N}",
        "推销员{N}，",
        "我嫂子{N}",
        "被申请人{N}",
        "投诉对象：{N}",
        "车主是{N}",
        "合伙人{N}",
        "此人名叫{N}",
        "{N}跟我一起去的",
        "{N}住院了",
        "前夫{N}",
        "厂家代表{N}",
        "经办：{N}",
        "家属{N}",
    ],
}
EST = {
    "A": ["水岸豪庭", "银杏里", "铁路新村", "棉纺厂宿舍", "碧桂园天玺", "沅水一号", "学府名邸", "康乐佳园"],
    "B": ["御景东方", "麻纺厂家属区", "半山林语", "丰泽园", "江山帝景", "五一新村", "粮食局宿舍", "万和城", "中央公馆"],
}
H = {
    "A": [
        "住{E}{b}栋{u}单元{f}楼{r2}",
        "{E}{b}号楼{r}",
        "{E}第{b}幢{u}单元{r}室",
        "{E}{b}-{u}-{r}室",
        "{E}{b}栋-{r}",
        "{E}{u}区{b}栋{r}房",
        "{E} {b}#{r}",
        "家住{E}{b}栋东单元{r}",
        "{E}{B}栋{R}房",
        "{E}{b}号楼西户{r}",
        "{E}{L}{b}栋{r}",
        "{E}{b}栋{u}门{r}",
        "户籍地址：石堰村{u}组{b}号",
        "我家门牌号是人民路{b}号{r}室",
        "{E}{b}座{f}层{r}",
    ],
    "B": [
        "住在{E}{b}幢{u}梯{r}",
        "{E}{b}栋{r}号",
        "{E}{b}号{r}",
        "收件地址：云溪县{E}{b}栋{u}单元{r}",
        "{E}{b}楼{u}单元{r}",
        "{E}{L}栋{r}",
        "{E}{L}座{u}单元{r}室",
        "{E}{b}－{r}号房",
        "我住{E}{B}号楼{U}单元{R}室",
        "{E}{b}栋{r}业主",
        "{E}{b}号院{u}号楼{r}",
        "{E}{b}#-{u}-{r}",
        "常住：田坪村{u}组{b}号",
        "{E}{b}栋北{r}",
        "{E}小区{b}排{r}",
    ],
}
A = {
    "A": [
        "QQ是{q}",
        "我扣扣{q}",
        "Q{q}",
        "微信{w}（加我备注投诉）",
        "微信号码为{w}",
        "vx {w}",
        "v信号:{w}",
        "卫星{w}",
        "薇❤{w}",
        "抖音搜{w}",
        "抖音号 {w}",
        "快手用户{w}",
        "小红书ID {w}",
        "支付宝账户{w}@qq.com",
        "钉钉号码：{w}",
        "tg:@{w}",
        "Telegram：{w}",
        "陌陌号{w}",
        "闲鱼ID：{w}",
        "邮件发到{w}@foxmail.com",
        "{w}@139.com",
        "e-mail:{w}@sina.cn",
        "微博名：{w}",
        "ins账号{w}",
        "LINE ID:{w}",
        "加薇：{w}",
    ],
    "B": [
        "Q Q：{q}",
        "QQ号为{q}",
        "企鹅号{q}",
        "微信帐号：{w}",
        "微信 ID：{w}",
        "WeChat ID: {w}",
        "VX；{w}",
        "加V {w}",
        "➕V：{w}",
        "威❤：{w}",
        "抖音账户：{w}",
        "抖音id {w}",
        "快手号：{w}",
        "小红薯号：{w}",
        "支付宝{w}@126.com",
        "钉钉ID：{w}",
        "电报号 {w}",
        "纸飞机：{w}",
        "探探ID：{w}",
        "转转账号：{w}",
        "邮箱号 {w}@qq.com",
        "Email：{w}@gmail.com",
        "{w}@outlook点com",
        "微博昵称：{w}",
        "skype: {w}",
        "徽信：{w}",
    ],
}
M = {
    "A": [
        "{m}",
        "手机{a} {b} {c}",
        "{a}.{b}.{c}",
        "电话：{a}-{b}-{c}",
        "({a}){b}{c}",
        "{cn}",
        "{a}——{b}——{c}",
        "+86 {m}",
        "{full}",
        "{a}{cb}{c}",
        "{a}，{b}，{c}",
        "{dash}",
        "联系{m}李",
        "打{m}",
        "{sp}",
    ],
    "B": [
        "{m}",
        "{a}—{b}—{c}",
        "Tel：{a} {b} {c}",
        "号码{m}",
        "{big}",
        "{cn_sp}",
        "{a}~{b}~{c}",
        "{a}/{b}/{c}",
        "0{m}",
        "{kou}",
        "☎{m}",
        "📱{a}{b} {c}",
        "{m}转机主",
        "{circ}",
        "{a} {b}{c}",
    ],
}
NUM = "零一二三四五六七八九"
BIG = "零壹贰叁肆伍陆柒捌玖"
CIRC = "⓪①②③④⑤⑥⑦⑧⑨"


def gen(half, n, seed):
    r = random.Random(seed)
    out = []
    pre = {
        "A": [
            "反映：",
            "去年12月，",
            "我想问一下，",
            "老百姓太难了，",
            "第二次来信，",
            "您好！",
            "昨晚八点在夜市，",
            "{shop}不退钱。",
            "情况如下：",
            "",
            "",
        ],
        "B": [
            "咨询一下，",
            "各位领导辛苦了，",
            "补充说明：",
            "上个月底，",
            "忍无可忍！",
            "你好：",
            "我花了2980元，",
            "商家态度恶劣，",
            "经过：",
            "",
            "",
        ],
    }[half]
    post = {
        "A": ["，请核实", "。", "，等回复", "，已经拖了三个月", "！求助", "，特此说明", "。商家拒绝赔偿", " ", "\n"],
        "B": ["，盼处理", "。", "，谢谢你们", "，要求退一赔三", "！！", "，望重视", "；商家拒不认错", " ", "\n附件略"],
    }[half]
    kinds = (
        ["name"] * 10
        + ["home"] * 4
        + ["account"] * 4
        + ["mobile"] * 3
        + ["identity"] * 2
        + ["bank", "plate", "plate", "order", "landline"]
    )
    for _ in range(n):
        k = r.choice(kinds)
        name = r.choice(SUR[half]) + r.choice(GIV[half])
        if k == "name":
            t = r.choice(N[half]).replace("{N}", "{name:" + name + "}")
        elif k == "home":
            b, u, f = r.randint(1, 36), r.randint(1, 6), r.randint(1, 28)
            d = r.randint(1, 6)
            rm = f"{f}0{d}"
            t = r.choice(H[half])
            e = r.choice(EST[half])
            sec = (
                rm
                if "{r}" in t
                else f"{f}楼"
                if "{f}" in t
                else "".join(NUM[int(c)] for c in rm)
                if "{R}" in t
                else f"{b}号"
            )
            t = t.format(
                E=e,
                b=b,
                u=u,
                f=f,
                r=rm,
                r2=d,
                L=r.choice("ABCDE"),
                B=NUM[b % 9 + 1],
                U=NUM[u],
                R="".join(NUM[int(c)] for c in rm),
            )
            t = "{home:" + (t + "|" + sec) + "}"
        elif k == "account":
            q = str(r.randint(10**5, 10**10))
            w = (
                r.choice(["qingfeng", "hn_", "a-lan", "lucky", "zz", "star_", "mm.li", "wo"])
                + str(r.randint(100, 99999))
                + r.choice(["", "x", "_k"])
            )
            t = r.choice(A[half])
            t = "{account:" + (t.format(q=q, w=w) + "|" + (q if "{q}" in t else w)) + "}"
        elif k == "mobile":
            m = "1" + r.choice("3456789") + "".join(r.choices("0123456789", k=9))
            a, b, c = m[:3], m[3:7], m[7:]
            t = r.choice(M[half]).format(
                m=m,
                a=a,
                b=b,
                c=c,
                cn="".join(NUM[int(x)] for x in m),
                full="".join(chr(ord(x) + 0xFEE0) for x in m),
                cb="".join(NUM[int(x)] for x in b),
                dash="-".join(m),
                sp=" ".join(m),
                big="".join(BIG[int(x)] for x in m),
                cn_sp=" ".join(NUM[int(x)] for x in m),
                kou="".join("幺" if x == "1" else NUM[int(x)] for x in m),
                circ="".join(CIRC[int(x)] for x in m),
            )
            t = "{mobile:" + (t + "|" + m) + "}"
        elif k == "identity":
            n_ = (
                r.choice(["431226", "350582", "620102", "130602", "150304"])
                + f"{r.randint(1938, 2019)}{r.randint(1, 12):02}{r.randint(1, 28):02}{r.randint(0, 999):03}"
                + r.choice("0123456789X")
            )
            ways = {
                "A": [
                    n_,
                    f"证件号{n_}",
                    f"{n_[:6]} {n_[6:10]} {n_[10:14]} {n_[14:]}",
                    f"身份证号：{n_.lower()}",
                    f"ID:{n_}",
                    f"{n_[:6]}_{n_[6:14]}_{n_[14:]}",
                ],
                "B": [
                    n_,
                    f"身份证{n_}号",
                    f"{n_[:3]} {n_[3:6]} {n_[6:10]} {n_[10:14]} {n_[14:]}",
                    f"公民身份号码{n_}",
                    f"{n_[:6]}~{n_[6:14]}~{n_[14:]}",
                    "".join(CIRC[int(x)] if x.isdigit() else x for x in n_),
                ],
            }[half]
            t = "{identity:" + (r.choice(ways) + "|" + n_) + "}"
        elif k == "bank":
            n_ = r.choice(["621098", "622848", "621483", "622588"]) + "".join(
                r.choices("0123456789", k=r.choice([10, 13]))
            )
            ways = {
                "A": [n_, f"农行卡{n_}", f"{n_[:4]} {n_[4:8]} {n_[8:12]} {n_[12:]}", f"收款账号 {n_}"],
                "B": [n_, f"卡：{n_}", f"{n_[:4]}-{n_[4:8]}-{n_[8:12]}-{n_[12:16]}-{n_[16:]}".rstrip("-"), f"打到{n_}"],
            }[half]
            t = "{bank:" + (r.choice(ways) + "|" + n_) + "}"
        elif k == "plate":
            p = r.choice("湘贵鄂渝粤桂闽") + r.choice("ABCDEFGHJKN")
            sr = r.choice(
                [
                    f"{r.randint(10000, 99999)}",
                    f"{r.choice('ABCFGH')}{r.randint(1000, 9999)}",
                    f"{r.randint(1, 9)}{r.choice('KLMPQ')}{r.randint(100, 999)}",
                    f"D{r.randint(10000, 99999)}",
                    f"{r.randint(100, 999)}{r.choice('RST')}{r.choice('VWX')}",
                ]
            )
            ways = {
                "A": [p + sr, f"{p}-{sr}", f"{p} · {sr}", f"车牌{p}{sr}", f"尾号{sr[-3:]}的{p}{sr}"],
                "B": [p + sr, f"{p}.{sr}", f"{p}▪{sr}", f"车号：{p}{sr}", f"{p}{sr}号车", f"{p.lower()}{sr.lower()}"],
            }[half]
            t = "{plate:" + (r.choice(ways) + "|" + p + sr) + "}"
        elif k == "order":
            n_ = "".join(r.choices("0123456789", k=r.choice([13, 16, 18, 19])))
            t = (
                "{order:"
                + (
                    r.choice(
                        {
                            "A": ["订单{}", "美团订单号：{}", "退货单号{}", "交易单号 {}"],
                            "B": ["拼多多订单编号{}", "顺丰单号 SF{}", "订单号是{}", "支付单号：{}"],
                        }[half]
                    ).format(n_)
                    + "|"
                    + n_
                )
                + "}"
            )
        else:
            n_ = r.choice("2345678") + "".join(r.choices("0123456789", k=6))
            ar = r.choice(["0745", "0744", "0851"])
            t = (
                "{landline:"
                + (
                    r.choice(
                        {
                            "A": ["家里座机{a}-{n}", "{a}{n}（家）", "我的电话{a} {n}"],
                            "B": ["住宅电话{a}-{n}", "打我家{a}—{n}", "本人座机:{n}"],
                        }[half]
                    ).format(a=ar, n=n_)
                    + "|"
                    + n_
                )
                + "}"
            )
        pr = r.choice(pre).replace("{shop}", "快餐店")
        out.append(pr + t + r.choice(post))
    return out


def by_hand():
    """The lines that were written by hand."""
    return BY_HAND.read_text("utf-8").splitlines()


def _parsed(line):
    secrets = []

    def plain(found):
        body, _, secret = found[2].partition("|")
        if found[1] == "home" and not secret:
            last = re.findall(r"\d{3,4}|[一二三四五六七八九零]{3,4}|\d+号|\d+楼|\d+栋", body)
            secret = last[-1] if last else body
        secrets.append((found[1], re.sub(r"\s", "", secret or body)))
        return body

    return re.sub(r"\{(\w+):([^}]*)\}", plain, line), secrets


def surviving(lines):
    """By kind: how many plantings can still be read, of how many; the texts are complaints."""
    rows = [_parsed(line) for line in lines]
    out = redaction.redact(pl.Series([text for text, _ in rows]), complaint=True)
    of, left = Counter(), Counter()
    for (_, secrets), hidden in zip(rows, out, strict=True):
        for kind, secret in secrets:
            of[kind] += 1
            left[kind] += survives(secret, hidden)
    return {kind: (left[kind], n) for kind, n in sorted(of.items())}
