"""The text of an article as Chinese sites lay it out: nothing of the site's own, nothing of the article lost."""

import pytest

from opinion_lab.collect.parsers import pages

TITLE = "某县集中检查校园周边食品店"
TEXT = [
    "九月一日起，某县市场监督管理局对辖区内校园周边的食品店、小餐桌开展集中检查，共检查经营户一百二十户。",
    "检查发现三户经营超过保质期的食品，执法人员当场下架并立案；另有五户未按要求公示许可证，已责令改正。",
    "下一步，县局将把检查结果通报学校，并请家长通过12315反映问题。",
]
LINES = "".join(f"<p>　　{line}</p>" for line in TEXT)
BROKEN = "<br><br>".join("　　" + line for line in TEXT)
SECTIONS = "".join(f"<section><span>{line}</span></section>" for line in TEXT)
OTHER = ["某镇开展农贸市场计量器具检定工作", "我县召开质量强县工作推进会议", "关于儿童用品抽查结果的公告（第八期）"]
LINKS = "".join(f'<li><a href="/{n}.html">{t}</a><span>2026-08-0{n}</span></li>' for n, t in enumerate(OTHER, 1))
MENU = (
    "<ul>"
    + "".join(f'<li><a href="/{w}/">{w}</a></li>' for w in ("首页", "政务公开", "办事服务", "互动交流"))
    + "</ul>"
)
FOOT = "<div><p>主办：某县人民政府 地址：某县人民路1号 邮编：400000</p><p>渝ICP备00000000号</p></div>"

LAYOUTS = {
    "government": f"""<div>{MENU}</div><div>您当前的位置：<a href="/">首页</a>&gt;<a href="/x/">要闻</a></div>
        <div><h1>{TITLE}</h1>        <div>发布时间：2026-09-02 10:20 来源：县局 字号：[大 中 小] <a>打印</a></div>
        <div class="TRS_Editor">{LINES}</div>
        <p>扫一扫在手机打开当前页</p><p>【打印】【关闭】</p><p>上一篇：<a href="1">{OTHER[0]}</a></p></div>{FOOT}""",
    "portal": f"""<div><h1>{TITLE}</h1><div id="endText">{LINES}
        <div>本文来源：本地晚报</div><div>责任编辑：王某_NN12</div></div></div>
        <div><h3>热点新闻</h3><ul>{LINKS}</ul></div><div><h3>相关阅读</h3><p><a href="/9">{OTHER[1]}</a></p>
        <p>本报讯，昨日上午，某县召开会议，总结上半年的工作，对下半年的重点任务作出安排，并表扬了先进……【详细】</p></div>{FOOT}""",
    "table": f"""<table><tr><td>{MENU}</td></tr></table>
        <table><tr><td>{TITLE}</td></tr><tr><td>发布日期：2026-09-02 点击数：12</td></tr>
        <tr><td>{BROKEN}</td></tr><tr><td>【关闭窗口】</td></tr></table>{FOOT}""",
    "account": f"""<div id="js_article"><h1>{TITLE}</h1><div><span>原创</span> <a>某县发布</a>
        <em>2026-09-02 10:20</em></div><div id="js_content">{SECTIONS}</div></div>
        <div><p>微信扫一扫<br>关注该公众号</p></div>""",
    "lead apart": f"""<header>{MENU}</header><main><div><h1>{TITLE}</h1><p class="lead">{TEXT[0]}</p></div>
        <div>{"".join(f"<p>{line}</p>" for line in TEXT[1:])}</div></main><aside><ul>{LINKS}</ul></aside>{FOOT}""",
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_text_and_nothing_else(layout: str) -> None:
    page = f"<html><head><title>{TITLE}_某县人民政府</title></head><body>{LAYOUTS[layout]}</body></html>"
    (entry,) = pages.parse(page.encode(), url="http://x.example/a.html")
    assert entry["title"] == TITLE
    assert "".join(entry["text"].split()) == "".join("".join(TEXT).split())


@pytest.mark.parametrize(
    "line",
    [
        "记者：那次检查之后，市场里有变化吗？",
        "投诉举报电话：12315，地址：某县人民路1号，工作日都有人接待。",
        "分享会上，商户们讲了自己的经历。",
        "关闭该店是依据食品安全法第一百二十二条作出的决定。",
        "来源不明的猪肉流入市场，县局连夜追查去向，三家档口被立案。",
        "某县市场监督管理局",
    ],
)
def test_a_line_of_the_text_that_begins_like_one_of_the_site(line: str) -> None:
    page = f"<html><body><h1>{TITLE}</h1><div>{LINES}<p>{line}</p></div></body></html>"
    assert line in pages.parse(page.encode(), url="http://x.example/a.html")[0]["text"]
