"""Jobs in processes of their own: one source fails and the report comes; a failure is a page; no run without an end."""

import shutil
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer

from opinion_lab import cli, operate
from opinion_lab.storage import store
from tests.collect.test_collector import ITEM, rss

SMALL = Path(__file__).parents[1] / "notebooks" / "small.ipynb"


@pytest.fixture
def alone(tmp_path: Path, httpserver: HTTPServer) -> store.Store:
    """A lab with a feed that works and one that is gone, a report twice a day, and one that takes too long."""
    httpserver.expect_request("/robots.txt").respond_with_data("", status=404)
    httpserver.expect_request("/gone").respond_with_data("", status=410)
    httpserver.expect_request("/good").respond_with_data(rss(3, ITEM))
    sources = "".join(
        f'[[source]]\nid = "{name}"\nkind = "feed"\nurl = "{httpserver.url_for(f"/{name}")}"\nplatform = "新闻网站"\n'
        'tier = "A"\nallow_private = true\n'
        for name in ("gone", "good")
    )
    jobs = '[[job]]\nname = "daily"\nnotebook = "small"\ncron = "* * * * *"\n[[job]]\nname = "slow"\nminutes = 0.001\n'
    (tmp_path / "lab.toml").write_text(f"[collect]\nseconds_between = 0.0\n{sources}{jobs}", encoding="utf-8")
    (tmp_path / "notebooks").mkdir()
    shutil.copy(SMALL, tmp_path / "notebooks")
    return store.open(tmp_path)


def test_served_for_a_moment(alone: store.Store, capsys: pytest.CaptureFixture[str]) -> None:
    """The real thing: serve makes up what was missed, one source's failure stops nothing, status says all of it."""
    before = datetime.now(UTC) - timedelta(hours=2)
    alone.put_value("job/daily", before.isoformat())
    alone.put_value("job/slow", before.isoformat())
    done: list[operate.Outcome] = []
    stop = threading.Event()

    def ended(outcome: operate.Outcome) -> None:
        done.append(outcome)
        stop.set()

    server = threading.Thread(target=operate.serve, args=(alone, ended, stop), kwargs={"troubled": print})
    server.start()
    server.join(120)
    assert not server.is_alive()
    (daily,) = done
    assert (daily.job, daily.outcome, daily.facts["failed"], daily.facts["new"]) == ("daily", "done", ["gone"], 3)
    assert Path(daily.facts["report"]).is_file()
    row = alone.runs().row(0, named=True)
    assert row["outcome"] == "done" and row["ended"] > row["started"] >= row["planned"]
    assert [*operate.run_due(alone, row["planned"])] == []  # its time has come once

    with pytest.raises(SystemExit):
        cli.main(["--lab", str(alone.root), "status"])
    said = capsys.readouterr().out
    assert "任务 daily：上次" in said and "gone：采不到（对方答复 410）" in said and "重点来源 gone" in said


def test_a_failure_ends_in_a_page_and_a_line(alone: store.Store) -> None:
    begun = time.monotonic()
    slow = operate.run(alone, alone.settings.job("slow"))
    assert slow.outcome == "late" and time.monotonic() - begun < 20
    page = Path(slow.page).read_text(encoding="utf-8")
    assert "任务 slow 没有完成" in page and "超过时限" in page
    assert "failed-slow" in (alone.reports / "index.html").read_text(encoding="utf-8")
    assert alone.runs()["outcome"].to_list()[-1] == "late"


def test_a_new_job_waits_for_its_next_time(alone: store.Store) -> None:
    now = datetime.now(UTC)
    assert [*operate.run_due(alone, now)] == []
    assert datetime.fromisoformat(str(alone.value("job/daily"))) == now
