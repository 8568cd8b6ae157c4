"""The list of the reports of a lab, newest first."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any
from urllib.parse import quote

from opinion_lab.report import wording
from opinion_lab.report.page.layout import POLICY, TEMPLATES
from opinion_lab.report.page.sanitize import head, rescript
from opinion_lab.storage.store import Store, write


def index(store: Store, reports: Path | None = None) -> Path:
    """Write `index.html` over every report in `reports` (the lab's own), newest first, by what they say themselves."""
    import jinja2

    reports, lab = reports or store.reports, store.settings
    rows: list[dict[str, Any]] = []
    for path in reports.glob("????-??-??/*.html"):
        with path.open(encoding="utf-8") as f:
            said = head(f.read(20_000).partition("<style>")[0])
        if "opinion-lab:title" in said:
            size = f"{max(1, round(path.stat().st_size / 1000)):,} kB"
            link = f"{path.parent.name}/{quote(path.name)}"
            rows.append({"day": path.parent.name, "name": path.name, "link": link, "size": size, "said": said})
    rows.sort(key=lambda row: (row["day"], row["said"]["opinion-lab:printed"], row["name"]), reverse=True)
    days = [
        (f"{int(day[:4])}年{int(day[5:7])}月{int(day[8:])}日", list(group))
        for day, group in itertools.groupby(rows, key=lambda row: row["day"])
    ]
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True)
    text = environment.get_template("index.html.j2").render(
        days=days,
        lab=lab,
        style=(TEMPLATES / "style.css").read_text(encoding="utf-8"),
        policy=POLICY.format(scripts="'none'"),
    )
    if lab.lang == "zh-Hant":
        text = rescript(text, wording.script(lab.lang))
    write(reports / "index.html", text.encode())
    return reports / "index.html"
