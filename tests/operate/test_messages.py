"""Messages: who gets what and when, by a table; and sent to a local receiver in the shapes of four services."""

import json
import socketserver
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from pytest_httpserver import HTTPServer

import opinion_lab
from opinion_lab.config import Recipient
from opinion_lab.operate import messages
from opinion_lab.operate.messages import Message
from opinion_lab.storage import store

ZONE = ZoneInfo("Asia/Shanghai")
NOON = datetime(2026, 9, 9, 4, tzinfo=UTC)  # 12:00 in the lab
FOOD = Message("level/s_1/Ⅱ", "食堂", True, frozenset({"食品"}))
GAS = Message("level/s_2/Ⅰ", "加油站", True, frozenset({"计量"}))
SILENT = Message("silence/a/1", "来源没有内容", True)
DIGEST = Message("digest/1", "汇总", False)


def log(*rows: tuple[str, datetime, bool]) -> pl.DataFrame:
    """What went out: key, when, whether it was taken."""
    made = [{"recipient": "甲", "key": k, "at": at, "sent": done, "urgent": k[0] != "d"} for k, at, done in rows]
    time = pl.Datetime("us", "UTC")
    schema = {"recipient": pl.String, "key": pl.String, "at": time, "sent": pl.Boolean, "urgent": pl.Boolean}
    return pl.DataFrame(made, schema=schema)


TODAY = [(f"level/s_{n}/Ⅱ", NOON - timedelta(hours=n), True) for n in (7, 8, 9)]


@pytest.mark.parametrize(
    ("given", "sections", "quiet", "sent", "chosen"),
    [
        ([FOOD, GAS, SILENT], (), "", log(), [FOOD, GAS, SILENT]),
        ([FOOD, GAS, SILENT], ("食品",), "", log(), [FOOD]),  # a section only its own
        ([FOOD, GAS], (), "22-7", log(), [FOOD, GAS]),
        ([FOOD, GAS], (), "11-13", log(), []),  # quiet by the lab's clock
        ([FOOD, DIGEST], (), "", log((FOOD.key, NOON - timedelta(days=2), True)), [DIGEST]),  # nothing twice
        ([FOOD], (), "", log((FOOD.key, NOON, False)), [FOOD]),  # what was not taken is tried again
        ([FOOD, DIGEST], (), "", log(*TODAY), [DIGEST]),  # three urgent ones a day, the digest always
        ([FOOD], (), "", log(*((k, at - timedelta(days=1), done) for k, at, done in TODAY)), [FOOD]),
    ],
)
def test_who_gets_what(
    given: list[Message], sections: tuple[str, ...], quiet: str, sent: pl.DataFrame, chosen: list[Message]
) -> None:
    recipient = Recipient(name="甲", url="x", sections=sections, quiet=quiet)
    assert messages._choose(given, recipient, sent, NOON, ZONE) == chosen


@pytest.mark.parametrize(
    ("hour", "quiet", "within"), [(23, "22-7", True), (6, "22-7", True), (7, "22-7", False), (12, "12-14", True)]
)
def test_quiet_hours_go_over_midnight(hour: int, quiet: str, within: bool) -> None:
    assert messages._within(hour, quiet) is within


class Mail(socketserver.StreamRequestHandler):
    """As much of SMTP as one letter needs."""

    letters: list[str] = []  # noqa: RUF012

    def handle(self) -> None:
        self.wfile.write(b"220 local\r\n")
        letter: list[str] | None = None
        for line in self.rfile:
            text = line.decode().rstrip("\r\n")
            if letter is not None and text != ".":
                letter.append(text)
            elif letter is not None:
                self.letters.append("\n".join(letter))
                letter = None
                self.wfile.write(b"250 ok\r\n")
            elif text.upper().startswith("DATA"):
                letter = []
                self.wfile.write(b"354 go on\r\n")
            else:
                self.wfile.write(b"221 bye\r\n" if text.upper().startswith("QUIT") else b"250 ok\r\n")


@pytest.fixture
def mail() -> Iterator[int]:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Mail) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


def test_sent_in_the_shapes_of_four_services(
    tmp_path: Path, httpserver: HTTPServer, mail: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A top source that is closed is told at once to all four, in each one's own shape, and not again."""
    from apprise.plugins.dingtalk import NotifyDingTalk
    from apprise.plugins.feishu import NotifyFeishu
    from apprise.plugins.wecombot import NotifyWeComBot

    for plugin, name in (
        (NotifyWeComBot, "wecom?key={key}"),
        (NotifyDingTalk, "ding?t={token}"),
        (NotifyFeishu, "feishu/{token}/"),
    ):
        monkeypatch.setattr(plugin, "notify_url", httpserver.url_for("/") + name)
    ok = {"errcode": 0, "code": 0, "StatusCode": 0}
    for path in ("/wecom", "/ding", "/feishu/abcdefghijklmnopqrst/"):
        httpserver.expect_request(path, method="POST").respond_with_json(ok)
    monkeypatch.setenv("OPINION_LAB_DING", "dingtalk://abcdefgh12345678")
    addresses = {
        "企业微信": "wecombot://12345678-1234-1234-1234-123456789012",
        "钉钉": "env:OPINION_LAB_DING",
        "飞书": "feishu://abcdefghijklmnopqrst",
        "邮件": f"mailto://127.0.0.1:{mail}?from=lab@example.cn&to=duty@example.cn",
        "断线": "json://127.0.0.1:9/",
    }
    recipients = "".join(f'[[recipient]]\nname = "{n}"\nurl = "{u}"\ntimes = []\n' for n, u in addresses.items())
    source = '[[source]]\nid = "县报"\nkind = "feed"\nurl = "http://x/"\nplatform = "新闻网站"\ntier = "A"\n'
    (tmp_path / "lab.toml").write_text(source + recipients, encoding="utf-8")
    lab = opinion_lab.open(tmp_path)
    lab.store.put_visit("县报", NOON - timedelta(hours=2), "failed", note="status 403")

    assert messages.deliver(lab, NOON, fresh=True) == 1  # nobody listens at the last one
    asked = {request.path: json.loads(request.data) for request, _ in httpserver.log}
    assert "县报" in asked["/wecom"]["text"]["content"] and asked["/wecom"]["msgtype"] == "text"
    assert "县报" in str(asked["/ding"]) and asked["/ding"]["msgtype"] in ("text", "markdown")
    assert "县报" in str(asked["/feishu/abcdefghijklmnopqrst/"])
    assert len(Mail.letters) == 1

    noted = lab.store.messages()
    assert dict(noted.select("recipient", "sent").iter_rows()) == {n: n != "断线" for n in addresses}
    before = len(httpserver.log)
    assert messages.deliver(lab, NOON + timedelta(minutes=10), fresh=True) == 1
    assert len(httpserver.log) == before and len(Mail.letters) == 1


def test_a_digest_comes_once_a_day(tmp_path: Path) -> None:
    (tmp_path / "lab.toml").write_text('[[recipient]]\nname = "甲"\nurl = "x"\ntimes = ["08:30"]\n', encoding="utf-8")
    lab = opinion_lab.open(store.open(tmp_path).root)
    went: list[str] = []

    def send(url: str, title: str, text: str) -> bool:
        went.append(text)
        return True

    for hours in range(0, 48, 1):
        messages.deliver(lab, NOON + timedelta(hours=hours), fresh=False, send=send)
    assert [text.splitlines()[0] for text in went] == ["09月09日舆情", "09月10日舆情", "09月11日舆情"]
