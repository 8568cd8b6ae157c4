"""A paper as a page: the house's style, nothing loaded, nothing run."""

from __future__ import annotations

import base64
import html
from typing import Any

from opinion_lab.report.page.layout import POLICY
from opinion_lab.report.papers.paper import Break, Heading, Paper, Paragraph, Picture, Table
from opinion_lab.report.wording import script

#: Headings carry their own numbers.
OWN = "\nmain h2::before { content: none !important; } main p { text-align: justify; }"


def to_html(paper: Paper, style: str, lang: str = "zh-Hans") -> str:
    """The whole page in one file, in the lab's script; `style` is the house's sheet (page.layout.style)."""
    say = script(lang)
    addressed = f"<p>{_safe(paper.to)}：</p>" if paper.to else ""
    body = "".join(_block(block) for block in paper.blocks)
    note = f'<p class="note">（{_safe(paper.note)}）</p>' if paper.note else ""
    copies = f'<p class="note">抄送：{_safe(paper.copies)}。</p>' if paper.copies else ""
    page = f"""<!doctype html>
<html lang="{lang}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{POLICY.format(scripts="'none'")}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="opinion-lab:title" content="{_safe(paper.title)}">
<meta name="opinion-lab:organisation" content="{_safe(paper.organisation)}">
<meta name="opinion-lab:number" content="{_safe(paper.number)}">
<title>{_safe(paper.title)}</title>
<style>{style}{OWN}</style>
</head>
<body>
<header class="masthead">
<p class="mark">内部资料</p>
<p class="organisation">{_safe(paper.mark)}</p>
<p class="issue"><span>{_safe(paper.issue)}</span><span>{_safe(paper.organisation)}</span>
<span>{paper.dated}</span></p>
</header>
<main id="main">
<h1>{_safe(paper.title)}</h1>
{addressed}{body}
<p>{_safe(paper.organisation)}<br>{paper.dated}</p>
{note}{copies}
</main>
</body>
</html>
"""
    return say(page)


def _block(block: Any) -> str:
    if isinstance(block, Break):
        return ""
    if isinstance(block, Heading):
        tag = "h2" if block.level == 1 else "h3"
        return f"<{tag}>{_safe(block.text)}</{tag}>"
    if isinstance(block, Paragraph):
        return f"<p>{_safe(block.text)}</p>"
    if isinstance(block, Picture):
        data = base64.b64encode(block.png).decode()
        caption = f"<figcaption>{_safe(block.caption)}</figcaption>"
        return f'<figure><img src="data:image/png;base64,{data}" alt="{_safe(block.alt)}">{caption}</figure>'
    assert isinstance(block, Table)
    head = "".join(f'<th scope="col">{_safe(name)}</th>' for name in block.columns)
    rows = "".join("<tr>" + "".join(f"<td>{_safe(cell)}</td>" for cell in row) + "</tr>" for row in block.rows)
    caption = f"<caption>{_safe(block.caption)}</caption>"
    return f'<div class="table"><table>{caption}<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>'


def _safe(text: str) -> str:
    return html.escape(text)
