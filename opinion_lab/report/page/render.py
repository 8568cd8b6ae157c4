"""A notebook that ran -> a page that a section chief reads, opens without a network, and prints on A4.

What a cell shows as HTML is cleaned, and the page's Content-Security-Policy lets nothing run or load but the page's
own charts.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import html
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any
from urllib.parse import quote

import polars as pl

from opinion_lab.report import wording
from opinion_lab.report.figures import theme
from opinion_lab.report.page.behind import BEHIND, groups, lists
from opinion_lab.report.page.components import FINDING, ON_PAGE, PROVENANCE, TITLE
from opinion_lab.report.page.layout import POLICY, TEMPLATES, Facts
from opinion_lab.report.page.sanitize import clean, data_block, rescript, say_all

PLOTLY = "application/vnd.plotly.v1+json"
ASSETS = "assets"


@dataclass
class Found:
    """What is lifted out of the cells while they are dressed."""

    heading: str = ""
    title: str = ""
    until: str = ""
    summary: str = ""
    provenance: list[dict[str, Any]] = field(default_factory=list)
    charts: int = 0


def render(
    executed: Any, facts: Facts, name: str = "", *, portable: bool = False, posts: pl.DataFrame | None = None
) -> str:
    """The executed notebook as one HTML page; its charts need `plotly_asset()` in ../assets unless `portable`.

    Its numbers open the lists of `behind` under the report's `name`; a portable page has them, of `posts`, at its end.
    """
    from nbconvert import HTMLExporter

    say = wording.script(facts.settings.lang)
    found = Found()
    notebook = _dress(executed, found, say)
    headline = found.title or found.heading or facts.notebook
    exporter = HTMLExporter(
        extra_template_basedirs=[str(TEMPLATES)],
        template_name="brief",
        exclude_anchor_links=True,
        mathjax_url="",
        require_js_url="",
        mermaid_js_url="",
    )
    # attributes are put into the lab's script here, text nodes all together below
    given = {
        "facts": facts,
        "found": found,
        "title": headline,
        "stale": wording.stale(datetime.fromisoformat(found.until), facts.now) if found.until else "",
        "day": wording.day(facts.now, facts.settings.zone, year=True),
        "printed": wording.time(facts.now, facts.settings.zone, year=True),
        "zone": theme.zone_name(facts.settings.zone),
        "meta": {
            "description": say(found.summary),
            "opinion-lab:title": say(headline),
            "opinion-lab:organisation": say(facts.settings.organisation),
            "opinion-lab:number": say(facts.number),
            "opinion-lab:printed": facts.now.isoformat(timespec="seconds"),
        },
        "style": (TEMPLATES / "style.css").read_text(encoding="utf-8"),
    }
    body, _ = exporter.from_notebook_node(notebook, {"page": given})
    body = _contents(body)
    if not portable:
        body = body.replace('href="#posts-', f'href="{BEHIND}/{quote(name)}.html#posts-')
    elif posts is not None and (opened := lists(groups(executed), posts, facts)):
        shown = f'<details class="lists"><summary>依据的帖文</summary>{opened}</details>'
        body = body.replace("<!--posts-->", shown, 1)
    if facts.settings.lang == "zh-Hant":
        body = rescript(body, say)
    # not of the page: a report that differs by its printed time alone keeps its nonce
    nonce = base64.urlsafe_b64encode(hashlib.sha256(json.dumps(notebook, sort_keys=True).encode()).digest())[:32]
    return _secure(body, found.charts, say, nonce=None if portable else nonce.decode())


@cache
def plotly_asset() -> tuple[str, bytes]:
    """The name (with a hash of its bytes) and the bytes of the script that draws the charts."""
    from plotly.offline import get_plotlyjs

    body = get_plotlyjs().encode()
    return f"plotly-{hashlib.sha256(body).hexdigest()[:12]}.min.js", body


# --- cells -------------------------------------------------------------------------------------------------


def _dress(executed: Any, found: Found, say: Callable[[str], str]) -> Any:
    """The notebook as the template wants it: title lifted out, outputs cleaned, code gathered behind its section."""
    from nbformat import v4

    cells: list[Any] = []
    code: list[str] = []

    def flush() -> None:
        bare = cells and cells[-1].cell_type == "markdown" and re.fullmatch(r"\s*## .+\s*", cells[-1].source)
        if code and bare:
            cells.pop()  # a question to which this lab has nothing to say
        elif code:
            cells.append(v4.new_code_cell("\n\n".join(code)))
        code.clear()

    for cell in executed.cells:
        if cell.cell_type == "markdown":
            source = cell.source
            if not found.heading and (heading := re.search(r"^# (.+)$", source, re.MULTILINE)):
                found.heading = heading[1].strip()
                source = source.replace(heading[0], "", 1)
            if re.match(r"\s*## ", source):
                flush()
            if source.strip():
                cells.append(v4.new_markdown_cell(source))
        elif cell.cell_type == "code":
            code += [cell.source] if cell.source.strip() else []
            shown = [html_ for output in cell.outputs if (html_ := _output(output, found, say))]
            if shown:
                data = {"text/html": "\n".join(shown)}
                cells.append(v4.new_code_cell(outputs=[v4.new_output("display_data", data)]))
    flush()
    for i, cell in enumerate(cells):
        cell["id"] = f"c{i}"  # nbformat's own are random
    return v4.new_notebook(cells=cells, metadata={"language_info": {"name": "python"}})


def _output(output: Any, found: Found, say: Callable[[str], str]) -> str:
    """One output as safe HTML; empty for what stands elsewhere (title) or is only for the analyst (stderr)."""
    if output.output_type == "stream":
        return f"<pre>{html.escape(output.text)}</pre>" if output.name == "stdout" else ""
    data = output.get("data", {})
    if PROVENANCE in data:
        found.provenance.append(data[PROVENANCE])
        return f'<p class="note">{html.escape(data["text/plain"])}，详见文末。</p>'
    if TITLE in data:
        found.title, found.until = data[TITLE]["text"], data[TITLE].get("until", "")
        return ""
    if FINDING in data and not found.summary:
        found.summary = data[FINDING]["text"]
    if PLOTLY in data:
        found.charts += bool(data[PLOTLY]["data"])
        return _figure(data[PLOTLY], say)
    if ON_PAGE in data or "text/html" in data:
        return clean(data.get(ON_PAGE, data.get("text/html")))
    if "text/markdown" in data:
        from nbconvert.filters import markdown2html

        return clean(markdown2html(data["text/markdown"]))
    for kind in ("image/png", "image/jpeg"):
        if kind in data:
            alt = output.get("metadata", {}).get(kind, {}).get("alt", "图")
            source = re.sub(r"[^A-Za-z0-9+/=]", "", data[kind])
            return f'<img src="data:{kind};base64,{source}" alt="{html.escape(say(str(alt)))}">'
    return f"<pre>{html.escape(data['text/plain'])}</pre>" if "text/plain" in data else ""


def _figure(bundle: Mapping[str, Any], say: Callable[[str], str]) -> str:
    """A plotly figure as caption, room for the chart, and its data; draw.js does the rest."""
    layout = dict(bundle["layout"])
    meta = layout.pop("meta", None)
    meta = meta if isinstance(meta, dict) else {}
    title = layout.pop("title", None) or {}
    written = html.unescape(re.sub(r"<[^>]*>", "", (title if isinstance(title, str) else title.get("text")) or ""))
    caption = str(meta.get("finding") or written)
    alt = str(meta.get("alt") or caption or "图")
    if not bundle["data"]:
        said = f"（此处没有图：{wording.NOTHING}）" if caption in ("", wording.NOTHING) else caption
        return f'<p class="note">{html.escape(said)}</p>'
    if layout.get("template") == _template():
        del layout["template"]  # draw.js puts it back: once a page, not once a chart
    height = int(layout.get("height") or 360)
    # the title stands above the picture as its caption
    legend = any(trace.get("showlegend", len(bundle["data"]) > 1) for trace in bundle["data"])
    layout["margin"] = {"l": 8, "r": 16, "t": 40 if legend else 14, "b": 8}
    spec = data_block(say_all({"data": bundle["data"], "layout": layout}, say), "spec")
    above = f"<figcaption>{html.escape(caption)}</figcaption>" if caption else ""
    opening = '<figure class="screen">' if meta.get("screen") else "<figure>"
    return (
        f'{opening}{above}<div class="chart" role="img" aria-label="{html.escape(say(alt))}" style="height:{height}px">'
        f'<p class="fallback">{html.escape(alt)}</p></div>{spec}</figure>'
    )


@cache
def _template() -> dict[str, Any]:
    return json.loads(json.dumps(theme.TEMPLATE.to_plotly_json()))


# --- the whole page ----------------------------------------------------------------------------------------


def _contents(body: str) -> str:
    """Number the sections and, when there are several, list them where the template left room."""
    titles: list[str] = []

    def numbered(match: re.Match[str]) -> str:
        titles.append(match[1])
        return f'<h2 id="s{len(titles)}">{match[1]}</h2>'

    body = re.sub(r"<h2(?: id=[^>]*)?>(.*?)</h2>", numbered, body, flags=re.DOTALL)
    links = "".join(f'<li><a href="#s{i}">{re.sub("<[^>]*>", "", t)}</a></li>' for i, t in enumerate(titles, 1))
    listed = f'<nav class="contents" aria-label="目录"><ol>{links}</ol></nav>' if len(titles) > 3 else ""
    return body.replace('<nav class="contents"></nav>', listed, 1)


def _secure(body: str, charts: int, say: Callable[[str], str], *, nonce: str | None) -> str:
    """Add the scripts that draw the charts, and the policy that allows these and no others.

    With a `nonce` the library is the shared file, without one it is packed into the page.
    """
    scripts, allowed = "", []
    if charts:
        draw = say((TEMPLATES / "draw.js").read_text(encoding="utf-8"))
        name, plotly = plotly_asset()
        scripts = data_block({"config": theme.CONFIG, "template": say_all(_template(), say)}, "shared")
        if nonce is None:
            packed = base64.b64encode(gzip.compress(plotly, 9, mtime=0)).decode()
            scripts += f'<script type="application/gzip" class="plotly">{packed}</script>'
            allowed.append(_hash(plotly.decode()))
        else:
            # a nonce and not 'self': browsers disagree on what is 'self' for a file on disk
            scripts += f'<script nonce="{nonce}" src="../{ASSETS}/{name}"></script>'
            allowed.append(f"'nonce-{nonce}'")
        scripts += f"<script>{draw}</script>"
        allowed.append(_hash(draw))
    policy = POLICY.format(scripts=" ".join(allowed) or "'none'")
    body = body.replace("@@policy@@", policy, 1)
    before, _, after = body.rpartition("<!--scripts-->")
    return before + scripts + after


def _hash(script: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"
