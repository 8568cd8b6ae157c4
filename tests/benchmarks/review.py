"""A review of one cascade of 20,000 posts in a lab of its own: seconds from command to page, and the page's size."""

import gzip
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import orjson

from opinion_lab import config
from opinion_lab.collect import importer
from opinion_lab.lab import Lab
from opinion_lab.report import page, run
from opinion_lab.storage import store

N = 20_000
START = datetime(2026, 3, 3, 9, tzinfo=UTC)
SAYS = (
    "转发微博",
    "",
    "要求公布检测报告！",
    "谁来管？",
    "太可怕了，不敢吃",
    "等结果吧",
    "通报糊弄谁呢",
    "支持严查",
    "退钱",
)


def cascade() -> dict[str, object]:
    """One original and its reposts, each passed on by preference from an earlier one, thinning out over a month."""
    rng = np.random.default_rng(0)
    hours = np.sort(rng.pareto(0.6, N) % 700)
    parents = [int(rng.integers(0, n + 1) * rng.random() ** 2) for n in range(N)]
    said = rng.integers(0, len(SAYS), N)
    reposts = [
        {
            "mid": f"m{n + 1}",
            "parent": f"m{parents[n]}" if parents[n] else "",
            "uid": f"u{n % 15_000}",
            "text": f"{SAYS[said[n]]}{n if said[n] > 1 else ''}",
            "date": f"{START + timedelta(hours=float(hours[n]) + 8):%Y-%m-%d %H:%M:%S}",
        }
        for n in range(N)
    ]
    original = {
        "text": "学校食堂饭菜里有异物，家长拍到视频",
        "time": int(START.timestamp()),
        "user": {"verified_type": -1},
    }
    return {"bid": "m0", "uid": "u0", "original": original, "reposts": reposts}


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "lab.toml").write_text('organisation = "测试"\n[watch]\nany = []\n', encoding="utf-8")
        (root / "notebooks").symlink_to(config.PACKAGE.parent / "notebooks")
        (root / "one.jsonl.gz").write_bytes(gzip.compress(orjson.dumps(cascade())))
        lab = store.open(root)
        importer.import_files(lab, [root / "one.jsonl.gz"], "repost-cascades", now=datetime.now(UTC))
        Lab(lab).update(progress=False)
        start = time.perf_counter()
        made = run.run("4-incident-review", {}, store=lab, progress=False)
        took, size = time.perf_counter() - start, made.stat().st_size
        asset = page.plotly_asset()[0]
        print(f"review ({lab.posts().height:,} posts): {took:.0f} s, {size / 1000:.0f} kB without {asset}")
