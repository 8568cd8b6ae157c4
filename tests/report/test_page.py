"""The page: nothing in it runs but its charts, everything a chief needs is on it, and it is the same every time."""

import base64
import gzip
import hashlib
import html
import json
import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from nbformat import NotebookNode, v4

from opinion_lab import schemas
from opinion_lab.report import figures, page
from opinion_lab.report.page import sanitize
from opinion_lab.storage import store
from tests.make import ZONE, at, posts
from tests.report.test_wording import counts

EVIL = "<script>alert(1)</script><img src=x onerror=alert(2)></script>"
NOW = datetime(2026, 9, 27, 4, 5, 6, tzinfo=UTC)
FACTS = {
    "now": NOW,
    "number": "舆情〔2026〕0927-1号",
    "notebook": "4-incident-review.ipynb",
    "notebook_sha256": "ab" * 32,
    "parameters": {"story": EVIL, "days": 7},
    "versions": {"opinion-lab": "0.1.0"},
}


def display(thing: object) -> NotebookNode:
    data = thing._repr_mimebundle_() if hasattr(thing, "_repr_mimebundle_") else {"text/html": str(thing)}
    return v4.new_output("display_data", json.loads(json.dumps(data)))


def code(source: str, *shown: object) -> NotebookNode:
    return v4.new_code_cell(source, outputs=[display(s) for s in shown])


def notebook(*cells: NotebookNode | str) -> NotebookNode:
    return v4.new_notebook(cells=[v4.new_markdown_cell(c) if isinstance(c, str) else c for c in cells])


def render(lab: store.Store, *cells: NotebookNode | str, portable: bool = False, **facts: object) -> str:
    return page.render(notebook(*cells), page.Facts(settings=lab.settings, **{**FACTS, **facts}), portable=portable)  # type: ignore[arg-type]


def scripts(text: str) -> list[tuple[str, str]]:
    return re.findall(r"<script([^>]*)>(.*?)</script>", text, re.DOTALL)


def policy(text: str) -> str:
    tag = re.findall(r"<meta[^>]*Content-Security-Policy[^>]*>", text)[0]
    return html.unescape(re.findall(r'content="([^"]*)"', tag)[0])


# --- what the reader sees ------------------------------------------------------------------------------------


def test_masthead_title_sections_and_foot(lab: store.Store) -> None:
    text = render(
        lab, "# 食堂“异物”复盘\n\n开头。", "## 何时？\n\n正文", code("x = 1"), "## 何地？", "## 何人？", "## 为何？"
    )
    assert '<html lang="zh-Hans">' in text
    assert '<p class="organisation">测试县市场监督管理局</p>' in text
    assert "舆情〔2026〕0927-1号" in text and "2026年9月27日" in text and "内部资料" in text
    assert text.count("<h1>食堂“异物”复盘</h1>") == 1 and text.count("<h1") == 1
    assert '<li><a href="#s4">为何？</a></li>' in text and '<h2 id="s4">为何？</h2>' in text
    assert '<a href="#s5">' not in text, "the foot is not a section"
    assert (
        "4-incident-review.ipynb" in text and "ab" * 32 in text and "days = 7" in text and "opinion-lab 0.1.0" in text
    )
    assert "2026年9月27日 12:05（北京时间）" in text


def test_code_is_folded_away_behind_its_section(lab: store.Store) -> None:
    text = render(lab, "# 题", "## 一问", code("first = 1", 1), code("second = 2"), "## 二问", code("third = 3", 3))
    folded = re.findall(r'<details class="code">(.*?)</details>', text, re.DOTALL)
    assert [len(re.findall("查看计算代码", f)) for f in folded] == [1, 1]
    assert "first" in folded[0] and "second" in folded[0] and "third" in folded[1]
    assert "In [" not in text and "first = 1" not in re.sub("<[^>]*>", "", text.replace(folded[0], ""))


def test_a_question_without_an_answer_is_left_out(lab: store.Store) -> None:
    text = render(lab, "# 题", "## 一问？", code("unasked"), "## 二问？", code("2", 2), "## 三问？\n\n正文", code("3"))
    assert "一问" not in text and "unasked" not in text
    assert '<h2 id="s1">二问？</h2>' in text and '<h2 id="s2">三问？</h2>' in text


def test_a_figure_is_described_and_its_title_is_text(lab: store.Store) -> None:
    text = render(lab, "# 题", code("", figures.volume(counts(3, 212, 7), zone=ZONE)))
    assert "<figcaption>9月8日1时最多，一小时212条；图中共222条</figcaption>" in text
    chart = re.findall(r'<div [^>]*role="img"[^>]*>', text)[0]
    label = re.findall(r'aria-label="([^"]*)"', chart)[0]
    assert label.startswith("折线图：9月8日1时最多") and "纵轴为一小时的条数" in label
    spec = json.loads(next(body for tag, body in scripts(text) if 'class="spec"' in tag))
    assert "title" not in spec["layout"], "it stands above the chart"
    assert "template" not in spec["layout"], "once a page, not once a chart"


def test_an_empty_figure_takes_no_room(lab: store.Store) -> None:
    text = render(lab, "# 题", code("", figures.volume(counts(), zone=ZONE)))
    assert "（此处没有图：没有数据）" in text and "<figure" not in text and "assets/" not in text


def test_provenance_is_lifted_to_the_foot(lab: store.Store) -> None:
    capture = lab.put_raw(b"a,b", source_id="微博", name="<b>导出</b>.csv", collected_at=NOW).capture
    dropped = pl.DataFrame(
        [(capture, 2, "import", "没有时间", None)], schema=schemas.empty(schemas.Dropped).schema, orient="row"
    )
    lab.put_items(capture, schemas.empty(schemas.RawItem), dropped, rows_in=1)
    some = posts([{"capture": capture, "at": "2026-09-08 12:20"}, {"capture": capture, "at": "2026-09-10 12:20"}])
    text = render(lab, "# 题", "## 问", code("", page.provenance(lab, some, 相关=1)))
    body, foot = text.split("<footer>")
    assert "数据来源：1份原始文件，2条帖文，详见文末。" in body and capture[:12] not in body
    assert "帖文 2 条；相关 1 条（2026-09-08 至 2026-09-10）" in foot
    assert "读入 1 行，保留 0 行" in foot and "没有时间：1 行" in foot
    assert f"<code>{capture[:12]}</code> &lt;b&gt;导出&lt;/b&gt;.csv" in foot


def test_what_only_the_analyst_needs_is_left_out(lab: store.Store) -> None:
    cell = v4.new_code_cell(
        "",
        outputs=[
            v4.new_output("stream", name="stderr", text="警告"),
            v4.new_output("stream", name="stdout", text="<b>3"),
        ],
    )
    text = render(lab, "# 题", cell)
    assert "警告" not in text and "<pre>&lt;b&gt;3</pre>" in text


# --- hostile text ----------------------------------------------------------------------------------------------


def test_nothing_hostile_survives(lab: store.Store) -> None:
    frame = pl.DataFrame({"text": [EVIL], "url": ["javascript:alert(3)"]})
    markdown = v4.new_output("display_data", {"text/markdown": EVIL})
    cell = code(
        "",
        page.finding(EVIL),
        page.note(EVIL),
        page.table(frame, {"text": EVIL, "url": ("链接", "link")}, EVIL, zone=ZONE),
        f'<p onclick="alert(4)" style="background:url(//x)">{EVIL}</p><iframe src="//x"></iframe>',
        '<a href="javascript:alert(5)">x</a><form action="https://example.invalid"><input></form>',
        figures.topics_over_time(counts(1, 5, key=EVIL), zone=ZONE),
    )
    cell.outputs.append(markdown)
    cell.outputs.append(v4.new_output("display_data", {"application/javascript": "alert(6)"}))
    text = render(lab, "# 题", cell)
    run = [(tag, body) for tag, body in scripts(text) if "application/json" not in tag]
    assert [tag.split("=")[0].strip() for tag, _ in run] == ["nonce", ""], "the chart library and draw.js, no more"
    tags = re.sub(r"<(script|style)[^>]*>.*?</\1>", "", text, flags=re.DOTALL)
    for sign in ("<img", "<iframe", "<form", "<input", " onclick", " onerror=alert(2)>", "alert(6)"):
        assert sign not in re.sub(r"&lt;.*?&gt;", "", tags), sign
    assert not re.search(r'href="(?!#|https?:)', tags)
    for tag, body in scripts(text):
        if "application/json" in tag:
            assert not set("<>&") & set(body)
            json.loads(body)


def test_the_policy_allows_the_pages_scripts_and_no_others(lab: store.Store) -> None:
    text = render(lab, "# 题", code("", figures.volume(counts(1, 2, 3), zone=ZONE)))
    said = policy(text)
    assert "default-src 'none'" in said and "connect-src 'none'" in said and "img-src data: blob:" in said
    allowed = re.search(r"script-src ([^;]*)", said)
    assert allowed and "unsafe" not in allowed[1] and "'self'" not in allowed[1]
    library, draw = [(t, b) for t, b in scripts(text) if "application/json" not in t]
    nonce = re.findall(r'nonce="([^"]+)"', library[0])[0]
    digest = base64.b64encode(hashlib.sha256(draw[1].encode()).digest()).decode()
    assert allowed[1].split() == [f"'nonce-{nonce}'", f"'sha256-{digest}'"]
    assert re.search(r'src="\.\./assets/plotly-[0-9a-f]{12}\.min\.js"', library[0])


def test_the_page_names_no_other_host(lab: store.Store) -> None:
    for portable in (False, True):
        text = render(lab, "# 题", code("", figures.volume(counts(1, 2, 3), zone=ZONE)), portable=portable)
        assert not re.findall(r'(?:src|href|url)\s*[=(]\s*["\']?(?:https?:)?//', text)
        assert "mathjax" not in text.lower() and "require.min" not in text


def test_a_page_without_charts_runs_nothing(lab: store.Store) -> None:
    text = render(lab, "# 题", code("", page.note("只有字")))
    assert not scripts(text) and "script-src 'none'" in policy(text)


def test_placeholders_in_posts_stay_text(lab: store.Store) -> None:
    text = render(lab, "# 题", code("", page.note("@@policy@@ <!--scripts-->")))
    assert "@@policy@@ &lt;!--scripts--&gt;" in text


# --- the same every time, in either script, in one file ----------------------------------------------------------


def test_only_the_printed_time_differs(lab: store.Store) -> None:
    cells = ["# 题", "## 问", code("x", figures.volume(counts(3, 212, 7), zone=ZONE), page.note("注"))]
    one, again = render(lab, *cells), render(lab, *cells)
    assert one == again
    later = render(lab, *cells, now=NOW + timedelta(hours=1))
    assert later.replace("13:05", "12:05").replace("T05:05:06", "T04:05:06") == one


def test_traditional_script_on_text_only(lab: store.Store) -> None:
    lab.settings = lab.settings.model_copy(update={"lang": "zh-Hant"})
    frame = pl.DataFrame({"text": ["头发里面"], "url": ["https://example.com/头发"], "kind": ["statement"]})
    columns = {"text": ("原话", "verbatim"), "url": ("链接", "link"), "kind": "种类"}
    fig = figures.volume(counts(3, 212, 7), zone=ZONE)
    text = render(
        lab, "# 头发", "“里面” &amp; `头发`", code("头发 = 1", page.table(frame, columns, "头发", zone=ZONE), fig)
    )
    assert '<html lang="zh-Hant">' in text and "測試縣市場監督管理局" in text and "內部資料" in text
    assert "<h1>頭髮</h1>" in text and "「裡面」 &amp; <code>头发</code>" in text
    assert '<span translate="no">头发里面</span>' in text, "evidence stays as it was written"
    assert "https://example.com/头发" in text and "<caption>頭髮</caption>" in text and "官方答覆" in text
    spec = json.loads(next(body for tag, body in scripts(text) if 'class="spec"' in tag))
    assert spec["layout"]["xaxis"]["title"]["text"] == "時間（北京時間）"
    assert "橫軸為時間（北京時間）" in text and "保存為圖片" in text


def test_portable_holds_all_it_needs(lab: store.Store) -> None:
    text = render(lab, "# 题", code("", figures.volume(counts(1, 2, 3), zone=ZONE)), portable=True)
    assert "assets/" not in text.replace("assets 文件夹", "") and "nonce" not in policy(text)
    assert 1_500_000 < len(text) < 2_500_000
    packed = next(body for tag, body in scripts(text) if 'class="plotly"' in tag)
    library = gzip.decompress(base64.b64decode(packed))
    assert base64.b64encode(hashlib.sha256(library).digest()).decode() in policy(text)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("<p>头发</p>", "<p>頭髮</p>"),
        ('<a href="头发">头发</a>', '<a href="头发">頭髮</a>'),
        ("<pre>头发<b>里</b></pre>发", "<pre>头发<b>里</b></pre>發"),
        ('<p translate="no">头<br>发</p>头发', '<p translate="no">头<br>发</p>頭髮'),
        ("<script>发</script><!--发-->&lt;发&#36;", "<script>发</script><!--发-->&lt;發&#36;"),
        ("<!doctype html>发", "<!doctype html>發"),
    ],
)
def test_rescript(given: str, said: str) -> None:
    assert sanitize.rescript(given, lambda text: text.replace("头发", "頭髮").replace("发", "發")) == said


# --- tables ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "fmt", "cell"),
    [
        ([None], "", '<td><span class="null">未提供</span></td>'),
        ([31_900], "", '<td class="number">31,900</td>'),
        ([31_900], "count", '<td class="number">3.2万条</td>'),
        ([0.003], "percent", '<td class="number">不到1%</td>'),
        ([at("2026-09-08 12:20")], "", '<td class="whole">9月8日 12:20</td>'),
        ([at("2026-09-08 12:20")], "day", '<td class="whole">9月8日</td>'),
        ([date(2026, 9, 8)], "", '<td class="whole">9月8日</td>'),
        ([timedelta(hours=63, minutes=12)], "", '<td class="number">63小时12分</td>'),
        ([True], "", "<td>是</td>"),
        ([["甲", "<b>"]], "", "<td>甲、&lt;b&gt;</td>"),
        (
            ["https://e.cn/?a=1&b"],
            "link",
            '<td><a href="https://e.cn/?a=1&amp;b" rel="noopener noreferrer">原文</a></td>',
        ),
    ],
)
def test_cells(values: list, fmt: str, cell: str) -> None:
    text = page.table(pl.DataFrame({"x": values}, strict=False), {"x": ("列", fmt)}, zone=ZONE).html
    assert cell in text.replace(' data-label="列"', "")


def test_a_table_has_caption_scopes_and_no_shape() -> None:
    frame = pl.DataFrame({"kind": ["statement", "post"], "n": [1, 2], "hidden": ["x", "y"]})
    shown_ = page.table(frame, {"kind": "种类", "n": "条数"}, "谁说的", zone=ZONE)
    assert "<caption>谁说的</caption>" in shown_.html and '<th scope="col" class="number">条数</th>' in shown_.html
    assert "官方答复" in shown_.html and "hidden" not in shown_.html and "shape" not in shown_.html
    assert repr(shown_) == "表：谁说的（2行）"


def test_long_text_folds_and_long_tables_are_counted() -> None:
    text = page.table(pl.DataFrame({"t": ["话" * 200] * 3}), {"t": "原话"}, zone=ZONE, most=2, clamp=50).html
    assert text.count("<details") == 2 and f"<summary>{'话' * 50}<span" in text
    assert "共3行，这里列出前2行" in text


def test_an_empty_table_says_so_and_a_wrong_column_is_an_error() -> None:
    assert "没有数据" in page.table(pl.DataFrame({"a": []}), zone=ZONE).html
    with pytest.raises(KeyError, match="there are: a"):
        page.table(pl.DataFrame({"a": [1]}), {"b": "乙"}, zone=ZONE)


def test_our_own_markup_passes_the_cleaning_unchanged() -> None:
    frame = pl.DataFrame({"t": ["话" * 200, EVIL], "url": ["https://e.cn/1", None]})
    table = page.table(frame, {"t": ("原话", "verbatim"), "url": ("链接", "link")}, "题", zone=ZONE).html
    for ours in (table, page.finding("x & y").html):
        assert sanitize.clean(ours) == ours


# --- the list of reports -------------------------------------------------------------------------------------------


def test_index_lists_newest_first(lab: store.Store) -> None:
    for day, title, hour in (("2026-09-26", "旧报", 1), ("2026-09-27", "早报", 1), ("2026-09-27", "晚<报", 9)):
        text = render(
            lab,
            f"# {title}",
            code("", page.finding(f"{title}的结论"), page.finding("其次")),
            now=NOW + timedelta(hours=hour),
        )
        store.write(lab.reports / day / f"{title}.html".replace("<", ""), text.encode())
    (lab.reports / "2026-09-27" / "别的.html").write_text("<p>不是报告</p>", encoding="utf-8")
    text = page.index(lab).read_text(encoding="utf-8")
    assert re.findall(r">(旧报|早报|晚&lt;报)</a>", text) == ["晚&lt;报", "早报", "旧报"]
    assert "晚&lt;报的结论" in text and "其次" not in text and "共 3 份" in text and "不是报告" not in text
    assert 'href="2026-09-26/%E6%97%A7%E6%8A%A5.html"' in text and re.search(r"\d+ kB", text)
    assert "script-src 'none'" in policy(text) and "<script" not in text


def test_index_of_nothing_says_what_to_do(lab: store.Store, tmp_path: Path) -> None:
    text = page.index(lab, tmp_path / "empty").read_text(encoding="utf-8")
    assert "还没有报告" in text


def test_a_title_from_the_data_takes_the_headings_place(lab: store.Store) -> None:
    text = render(lab, "# 事件复盘", code("", page.title("食堂<异物>复盘")), "## 问")
    assert re.findall(r"<h1>(.*?)</h1>", text) == ["食堂&lt;异物&gt;复盘"]
    assert sanitize.head(text)["opinion-lab:title"] == "食堂<异物>复盘" and "事件复盘" not in text


def test_summary_is_the_first_finding(lab: store.Store) -> None:
    text = render(lab, "# 题", code("", page.note("注"), page.finding('引号"与<')), code("", page.finding("第二")))
    assert sanitize.head(text)["description"] == '引号"与<'
