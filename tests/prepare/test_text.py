"""Text for reading and text for comparing, as tables of cases."""

import opencc
import polars as pl
import pytest

from opinion_lab.prepare import normalize


def one(function, text_in: str):
    return function(pl.Series([text_in], dtype=pl.String))[0]


STRIP = [
    ("好吃", "好吃"),
    ("", ""),
    # full width: letters, digits and marks of ASCII, but Chinese punctuation stays
    ("ＫＴＶ１２３１５＠ｑｑ．ｃｏｍ", "KTV12315@qq.com"),
    ("真的？！是（吗），一：二；三～", "真的？！是（吗），一：二；三～"),
    ("＜穆赫兰大道＞", "＜穆赫兰大道＞"),
    ("５０％＋￥３", "50%+￥3"),
    # HTML
    ("<p>一</p><p>二<br/>三</p>", "一\n二\n三"),
    ('<a href="http://a.cn/?x=1&copy=2">网页链接</a>来了', "网页链接来了"),
    ("前<script type='a'>var x = '<b>';</script>后", "前 后"),
    ("前<STYLE>p{color:red}</STYLE>后", "前 后"),
    ("前<!-- 注释 -->后", "前后"),
    ('哈<img alt="[泪]" src="a.png" />哈', "哈[泪]哈"),
    ('<span class="url-icon"><img alt=[doge] src="x"></span>真的', "[doge]真的"),
    ("<o:p></o:p><v:shape id=1>文", "文"),
    ('热控<font color="#CC0000">减肥', "热控减肥"),
    ('文字<a href="http://a.cn/b', "文字"),
    ("<td>甲</td><td>乙</td>", "甲 乙"),
    # not HTML
    ("价格<100，3>2", "价格<100，3>2"),
    ("<Wild at heart>", "<Wild at heart>"),
    ("大脸o>_<o~", "大脸o>_<o~"),
    ("<A9市人民政府办法>", "<A9市人民政府办法>"),
    # entities
    ("A&amp;B&nbsp;&lt;3", "A&B <3"),
    ("&#35828;&#x5B9E;&#35805;", "说实话"),
    ("&amp;nbsp;好&amp;lt;br&amp;gt;吃", "好\n吃"),
    ("&nbsp&nbsp好", "好"),
    ("见http://a.cn/?a=1&copy=2", "见http://a.cn/?a=1&copy=2"),
    ("R&D 和 Q&A", "R&D 和 Q&A"),
    # invisible and space
    ("1\u200b3\u200d8\ufeff\u00ad", "138"),
    ("1\ufe0f\u20e33\ufe0f\u20e3", "13"),
    ("\x00\x1f好\x7f\x85吃", "好\n吃"),
    ("\n\t\t\t\n\t\t 座落在　　这里 \r\n\r\n  第二段\t\t尾\n", "座落在 这里\n第二段 尾"),
    ("甲\u00a0\u2003乙\u2028丙", "甲 乙\n丙"),
    # as written
    ("[泪]http://t.cn/abc @甲 轉發微博", "[泪]http://t.cn/abc @甲 轉發微博"),
]


@pytest.mark.parametrize(("text_in", "text_out"), STRIP)
def test_strip(text_in, text_out):
    assert one(normalize.strip, text_in) == text_out


@pytest.mark.parametrize("text_in", [t for t, _ in STRIP])
def test_strip_twice_changes_nothing(text_in):
    once = one(normalize.strip, text_in)
    assert one(normalize.strip, once) == once


UNFOLD = [
    ("真的？//@甲：说了//@乙：原文", ("真的？", "说了\n原文", ["甲", "乙"])),
    ("真的？//@甲:说了 // @乙: 原文", ("真的？", "说了\n原文", ["甲", "乙"])),
    ("转发微博//@甲：真的？", ("", "真的？", ["甲"])),
    ("转发微博", ("", None, [])),
    ("轉發微博。", ("", None, [])),
    ("Repost", ("", None, [])),
    ("转发微博支持一下", ("转发微博支持一下", None, [])),
    ("//@甲://@乙:原文", ("", "原文", ["甲", "乙"])),
    ("哈//@甲：转发微博//@乙：原文", ("哈", "原文", ["甲", "乙"])),
    ("//@甲 昨天的事", ("", "昨天的事", ["甲"])),
    ("回复@甲：谢谢", ("谢谢", None, ["甲"])),
    ("回复@甲:谢谢//@甲:说了", ("谢谢", "说了", ["甲"])),
    ("回覆@甲：//@甲：回复@乙：好//@乙：原文", ("", "好\n原文", ["甲", "乙"])),
    ("好 RT @user_1: 原文", ("好", "原文", ["user_1"])),
    ("||@朱坤岭 :立案！", ("", "立案！", ["朱坤岭"])),
    ("恶心||@u/3010491893:转发微博", ("恶心", None, ["u/3010491893"])),
    ("说得好//@某某", ("说得好", None, [])),  # cut off: perhaps half a name
    ("转@甲 @乙 看", ("转@甲 @乙 看", None, [])),  # calls somebody, forwards nothing
    ("见http://a.cn//b @甲", ("见http://a.cn//b @甲", None, [])),
    ("第一段\n第二段", ("第一段\n第二段", None, [])),
    ("好//@甲：上\n下", ("好", "上 下", ["甲"])),
    ("", ("", None, [])),
]


@pytest.mark.parametrize(("text_in", "parts"), UNFOLD)
def test_unfold(text_in, parts):
    assert normalize.unfold(pl.Series([text_in])).row(0) == parts


def test_unfold_keeps_rows_in_place_and_null_null():
    out = normalize.unfold(pl.Series([None, "甲//@乙：丙", "丁"]))
    assert out.rows() == [(None, None, []), ("甲", "丙", ["乙"]), ("丁", None, [])]
    assert out.schema == {"own": pl.String, "quoted": pl.String, "names": pl.List(pl.String)}


FOLD = [
    ("這家店的飯菜裡有異物！！！", "这家店的饭菜里有异物"),
    ("這家店，的飯菜。", "这家店 的饭菜"),
    ("Ａｂｃ ABC", "abc abc"),
    ("看http://t.cn/Abc快看", "看 快看"),
    ("回复@甲：好[泪][手机号]//@乙：是", "好 是"),
    ("转发微博", ""),
    # of a name thirty characters are left out, and the mark behind it
    (f"看@{'名' * 30}：好", "看 好"),
    (f"看@{'名' * 31}：好", "看 名 好"),
    (f"看@{'名' * 30}www.a.cn[泪]@甲", "看 www a cn"),
    (f"看@{'名' * 29}www.a.cn[泪]@甲", "看 ww a cn"),
    ("！！！😭", ""),
    ("回覆與反覆", "回复与反复"),
    ("一目瞭然的藉口", "一目了然的借口"),
    # characters that are both stay what they are
    ("乾隆皇后里面云南台湾松树", "乾隆皇后里面云南台湾松树"),
    ("颠覆瞭望沈阳狼藉哪吒", "颠覆瞭望沈阳狼藉哪吒"),
    ("這打坏了", "这打坏了"),
]


@pytest.mark.parametrize(("text_in", "text_out"), FOLD)
def test_fold(text_in, text_out):
    assert one(normalize.fold, text_in) == text_out


def test_fold_makes_no_word_of_two_sentences():
    assert "市场监管" not in one(normalize.fold, "在菜市场。监管不力")


def test_simplify_is_what_opencc_says_of_text_in_traditional_script():
    rows = ["愛國愛民", "后來皇后來了", "颱風與颱風眼", "甚麼", "徵求與宮商角徵羽", "简体不动", "", None]
    converter = opencc.OpenCC("t2s")
    wanted = [None if r is None else converter.convert(r) for r in rows]
    assert normalize.simplify(pl.Series(rows)).to_list() == wanted


def test_simplify_survives_the_marks_it_works_with():
    rows = pl.Series(["愛\x1e國", "壞\x00", "這坏"])
    assert normalize.simplify(rows).to_list() == ["爱\x1e国", "坏\x00", "这坏"]


def test_strip_links():
    assert one(normalize.strip_links, "看http://t.cn/Abc，好 www.a.cn/x?b=1快") == "看 ，好  快"


SENTENCES = [
    ("第一句。第二句！真的？？“好。”他说", ["第一句。", "第二句！", "真的？？", "“好。”", "他说"]),
    ("价格3.5元. 送餐慢.", ["价格3.5元.", "送餐慢."]),
    ("见http://a.cn/?x=1;y=2 好", ["见http://a.cn/?x=1;y=2 好"]),
    ("一行\n\n二行", ["一行", "二行"]),
    ("等等……然后", ["等等……", "然后"]),
    ("", []),
    ("  \n ", []),
]


@pytest.mark.parametrize(("text_in", "out"), SENTENCES)
def test_sentences(text_in, out):
    assert normalize.sentences(text_in) == out


@pytest.mark.parametrize("function", [normalize.strip, normalize.fold, normalize.simplify, normalize.strip_links])
def test_null_stays_null_and_rows_keep_their_place(function):
    s = pl.Series("body", [None, "<b>愛</b> http://a.cn", "好", ""])
    out = function(s)
    assert out[0] is None and len(out) == 4 and out.name == "body"
    assert function(pl.Series([], dtype=pl.String)).len() == 0
    assert function(pl.Series([None], dtype=pl.String)).to_list() == [None]


def test_real_messages_lose_their_padding_and_nothing_else(shared_data):
    bodies = pl.read_csv(shared_data / "gov_messages" / "messages.csv", infer_schema=False)["留言详情"]
    clean = normalize.strip(bodies)
    assert not clean.str.contains(r"[\t\r\u{3000}\u{200b}]|^\s|\s$|\n\n").any()
    assert normalize.strip(clean).equals(clean)
    han = pl.Series(bodies.str.count_matches(r"\p{Han}"))
    assert (clean.str.count_matches(r"\p{Han}") == han).all()
