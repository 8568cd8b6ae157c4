"""Five hundred sources that are all due: done within what their pace allows, in a bounded memory."""

import math
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import psutil
import pytest

from opinion_lab.collect import collector
from opinion_lab.config import Collect
from opinion_lab.storage import store
from tests.collect.test_collector import rss

HOSTS, EACH = 20, 25
BETWEEN = Collect().seconds_between
MEMORY = 400_000_000


class Feeds(BaseHTTPRequestHandler):
    """A feed of thirty items under every path."""

    def do_GET(self) -> None:
        found = self.path != "/robots.txt"
        body = rss(30).replace("http://x/", f"http://x{self.path}/").encode() if found else b""
        self.send_response(200 if found else 404)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def ports() -> Iterator[list[int]]:
    servers = [ThreadingHTTPServer(("127.0.0.1", 0), Feeds) for _ in range(HOSTS)]
    for server in servers:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    yield [server.server_address[1] for server in servers]
    for server in servers:
        server.shutdown()


@pytest.mark.soak
def test_five_hundred_sources(tmp_path: Path, ports: list[int]) -> None:
    sources = "".join(
        f'[[source]]\nid = "s{port}-{n}"\nkind = "feed"\nurl = "http://127.0.0.1:{port}/{n}"\nplatform = "新闻网站"\n'
        "allow_private = true\n"
        for port in ports
        for n in range(EACH)
    )
    (tmp_path / "lab.toml").write_text(f"[collect]\nseconds_between = {BETWEEN}\n{sources}", encoding="utf-8")
    command = [sys.executable, "-m", "opinion_lab.cli", "--lab", str(tmp_path), "collect"]
    begun, most = time.monotonic(), 0
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    watched = psutil.Process(process.pid)
    while process.poll() is None:
        family = [watched, *watched.children(recursive=True)]
        most = max(most, sum(p.memory_info().rss for p in family if p.is_running()))
        time.sleep(0.2)
    took = time.monotonic() - begun
    assert process.returncode == 0
    visits = store.open(tmp_path).visits()
    assert visits.height == HOSTS * EACH and set(visits["status"]) == {"new"}
    pace = (EACH + 1) * BETWEEN * math.ceil(HOSTS / collector.HOSTS)
    print(f"\n{HOSTS * EACH} sources on {HOSTS} hosts: {took:.0f} s (pace alone {pace:.0f} s), {most / 1e6:.0f} MB")
    assert most < MEMORY and took < 1.25 * pace
