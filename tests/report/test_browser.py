"""A report in a real browser with no network: its charts are drawn, its Chinese is legible, nothing is asked for."""

import json
import re
import shutil
import subprocess
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import nbformat
import pytest

from opinion_lab.report import page, run
from opinion_lab.storage import store
from tests.conftest import LAB

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
NOW = datetime(2026, 9, 27, 4, 5, 6, tzinfo=UTC)
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-sync",
    "--virtual-time-budget=20000",
]


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("lab")
    (root / "lab.toml").write_text(LAB, encoding="utf-8")
    shutil.copytree(NOTEBOOKS, root / "notebooks")
    return run.run("small", {}, store=store.open(root), now=NOW, progress=False)


def browse(chromium: str, path: Path, profile: Path, *flags: str) -> str:
    """The page's DOM after its scripts ran, every host name unknown."""
    command = [chromium, *FLAGS, "--host-resolver-rules=MAP * ~NOTFOUND", f"--user-data-dir={profile}", *flags]
    done = subprocess.run([*command, "--dump-dom", path.as_uri()], capture_output=True, timeout=120)
    return done.stdout.decode()


def drawn(dom: str) -> None:
    """Both charts of the notebook are there, with their lines and cells."""
    assert 'data-charts="drawn"' in dom, dom[-2000:]
    assert len(re.findall(r'<svg[^>]*class="main-svg"', dom)) >= 4, "plotly stacks at least two drawings a chart"
    line = re.search(r'<path class="js-line"[^>]* d="([^"]*)"', dom)
    assert line and line[1].count("L") + line[1].count(",") > 40, "48 hours make a line of many points"
    assert re.search(r'<image[^>]*href="data:image/png;base64,[A-Za-z0-9+/=]{60,}"', dom), "the heat map's cells"
    assert "viewBox" in dom, "paper needs it to shrink the chart"


def requests(log: Path) -> list[str]:
    """What the page asked the network for; what the browser does on its own account has no page as initiator."""
    events = json.loads(log.read_text(encoding="utf-8"))["events"]
    asked = [e["params"] for e in events if "initiator" in e.get("params", {})]
    return [p["url"] for p in asked if p["initiator"] != "not an origin"]


def test_charts_are_drawn_and_nothing_is_asked_for(chromium: str, report: Path, tmp_path: Path) -> None:
    log = tmp_path / "net.json"
    dom = browse(chromium, report, tmp_path / "profile", f"--log-net-log={log}")
    drawn(dom)
    assert requests(log) == []
    assert "<title>云溪县一日舆情（测试用）</title>" in dom, "a hostile post would have renamed it"
    assert "Share chart" not in dom and "cloud" not in dom


class _Page(HTMLParser):
    """What a screen reader meets: each plotly drawing with its role and label, pictures, tables without a caption."""

    def __init__(self) -> None:
        super().__init__()
        self.charts: list[dict[str, str | None]] = []
        self.silent: list[str] = []
        self.tables = self.captions = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if "js-plotly-plot" in (given.get("class") or ""):
            self.charts.append(given)
        if tag == "img" and not given.get("alt"):
            self.silent.append(tag)
        self.tables += tag == "table"
        self.captions += tag == "caption" or "fold" in (given.get("class") or "").split()  # its summary names it


def test_every_figure_of_a_review_has_words_for_those_who_cannot_see_it(
    chromium: str, demo_lab: store.Store, tmp_path: Path
) -> None:
    path = next(demo_lab.reports.glob("*/4-incident-review-食堂.html"))
    read = _Page()
    read.feed(browse(chromium, path, tmp_path / "profile"))
    assert len(read.charts) >= 7
    assert all(chart["role"] == "group" and len(chart["aria-label"] or "") > 20 for chart in read.charts)
    labels = [chart["aria-label"] for chart in read.charts]
    assert len(set(labels)) == len(labels), "each says what it shows"
    assert read.silent == [] and 8 <= read.tables <= read.captions, (
        "each table has a caption or the summary that folds it"
    )
    assert path.stat().st_size < 1_000_000


def test_the_portable_file_stands_alone(chromium: str, report: Path, tmp_path: Path) -> None:
    executed = nbformat.read(report.with_suffix(".ipynb"), as_version=4)
    lab = store.open(report.parents[2]).settings
    alone = tmp_path / "单独一份.html"
    alone.write_text(page.render(executed, page.Facts(lab, NOW, "1", "x", "0", {}, {}), portable=True), "utf-8")
    log = tmp_path / "net.json"
    drawn(browse(chromium, alone, tmp_path / "profile", f"--log-net-log={log}"))
    assert requests(log) == []


def test_without_its_assets_it_says_so(chromium: str, report: Path, tmp_path: Path) -> None:
    lost = tmp_path / "lost" / "report.html"
    lost.parent.mkdir()
    shutil.copy(report, lost)
    dom = browse(chromium, lost, tmp_path / "profile")
    assert 'data-charts="failed"' in dom and "找不到旁边的 assets 文件夹" in dom
    assert dom.count("折线图：") >= 2, "the description stands in for the chart"


PROBE = """<img src="https://example.invalid/x.png"><canvas width="64" height="64"></canvas><script>
const canvas = document.querySelector("canvas"), pen = canvas.getContext("2d", {willReadFrequently: true});
function ink(sign, font) {
  pen.clearRect(0, 0, 64, 64); pen.font = "40px " + font; pen.textBaseline = "top"; pen.fillText(sign, 8, 8);
  return Array.from(pen.getImageData(0, 0, 64, 64).data).filter((v, i) => i % 4 === 3).join("");
}
const found = {};
for (const place of ["body", "h1", ".organisation"]) {
  const font = getComputedStyle(document.querySelector(place)).fontFamily;
  found[place] = [..."云溪县舆\\ue0f0\\ue0f1"].map(sign => ink(sign, font));
  found[place] = found[place].map(image => found[place].indexOf(image) + (image.includes("1") ? 0 : 100));
}
document.documentElement.dataset.ink = JSON.stringify(found);
</script></body>"""


def test_chinese_is_drawn_and_not_boxes(chromium: str, report: Path, tmp_path: Path) -> None:
    # the probe is a script of its own, which the report's policy would rightly refuse
    probe = report.with_name("probe.html")
    text = re.sub(r"<meta[^>]*Content-Security-Policy[^>]*>", "", report.read_text(encoding="utf-8"))
    probe.write_text(text.replace("</body>", PROBE), encoding="utf-8")
    log = tmp_path / "net.json"
    dom = browse(chromium, probe, tmp_path / "profile", f"--log-net-log={log}")
    probe.unlink()
    assert requests(log) == ["https://example.invalid/x.png"], "the other checks of requests are not blind"
    ink = re.search(r'data-ink="([^"]*)"', dom)
    assert ink, "the probe did not run"
    for place, images in json.loads(ink[1].replace("&quot;", '"')).items():
        # two signs that no font has look alike (one box or nothing); each of ours looks like no other
        assert images[:4] == [0, 1, 2, 3], f"{place}: characters are drawn as boxes"
        assert images[4] % 100 == images[5] % 100 == 4


def test_a_foreign_script_does_not_run(chromium: str, report: Path, tmp_path: Path) -> None:
    changed = report.with_name("changed.html")
    text = report.read_text(encoding="utf-8")
    evil = '<script>document.title="owned"</script><img src="https://example.invalid/x.png"></main>'
    changed.write_text(text.replace("</main>", evil, 1), encoding="utf-8")
    log = tmp_path / "net.json"
    dom = browse(chromium, changed, tmp_path / "profile", f"--log-net-log={log}")
    changed.unlink()
    drawn(dom)
    assert "<title>owned" not in dom and requests(log) == []
