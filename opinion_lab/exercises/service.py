"""A session over HTTP: trainees' notebooks ask for what they may see, the trainer has a page. No more is served."""

from __future__ import annotations

import base64
import hashlib
import html
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson

from opinion_lab.config import LabError
from opinion_lab.exercises.host import Host
from opinion_lab.report.page.layout import TEMPLATES
from opinion_lab.report.training import debrief

LARGEST = 100_000  # bytes of a request
#: The trainer's page asks for its table anew; one request that fails leaves what stood there, and says so.
RENEWING = """setInterval(async () => {
  const now = document.getElementById('now'), late = document.getElementById('late');
  try {
    const answer = await fetch('now');
    if (!answer.ok) throw answer;
    now.innerHTML = await answer.text();
    late.hidden = true;
  } catch { late.hidden = false; }
}, 3000);"""
SCRIPT = base64.b64encode(hashlib.sha256(RENEWING.encode()).digest()).decode()
POLICY = f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{SCRIPT}'; connect-src 'self'; "
POLICY += "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"


@contextmanager
def serving(host: Host, address: str = "127.0.0.1", port: int = 0) -> Iterator[str]:
    """The address at which a session is served while the block lasts. Raises LabError where the port is taken."""
    try:
        server = ThreadingHTTPServer((address, port), _handler(host))
    except OSError as error:
        raise LabError(f"演练服务开不了（{address}:{port}，{error.strerror}）。请换一个 --port 再试。") from None
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://{address}:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def _handler(host: Host) -> type[BaseHTTPRequestHandler]:
    asked: dict[str, Callable[[str, dict[str, Any]], bytes]] = {
        "/stage": lambda who, _: orjson.dumps(host.stage(who)),
        "/posts": lambda who, _: host.posts(who),
        "/around": lambda who, _: host.posts(who, around=True),
        "/check": lambda who, body: orjson.dumps(host.check(who, str(body.get("text", ""))).to_dicts()),
        "/decide": lambda who, body: host.decide(who, body).encode(),
        "/debrief": lambda who, _: debrief.own(host.debrief(who), host.package).html.encode(),
    }

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer({})

        def do_POST(self) -> None:
            size = self.headers.get("Content-Length", "0")
            if not size.isdecimal() or int(size) > LARGEST:
                self._send(413, b"")
                return
            self._answer({"body": self.rfile.read(int(size))})

        def _answer(self, given: dict[str, bytes]) -> None:
            url = urlsplit(self.path)
            try:
                if url.path.startswith(f"/trainer/{host.trainer_code}"):
                    self._trainer(url.path.rpartition("/")[2], given)
                elif url.path in asked and host.admits(
                    who := parse_qs(url.query).get("who", [""])[0],
                    self.headers.get("Authorization", "").removeprefix("Bearer "),
                ):
                    body = orjson.loads(given["body"]) if given.get("body") else {}
                    self._send(200, asked[url.path](who, body))
                else:
                    self._send(404, b"")
            except LabError as error:
                self._send(422, str(error).encode(), "text/plain; charset=utf-8")
            except (ValueError, TypeError, AttributeError):  # what no notebook sends
                self._send(400, b"")

        def _trainer(self, part: str, given: dict[str, bytes]) -> None:
            """The trainer's page, the part of it that renews itself, or what a button of it does."""
            if "body" in given:
                form = {k: v[0] for k, v in parse_qs(given["body"].decode()).items()}
                try:
                    if form.get("do") == "open":
                        host.open_next()
                    elif form.get("do") == "inject":
                        host.inject(form.get("sender", ""), form.get("text", ""))
                    elif form.get("do") == "end":
                        host.end()
                except LabError as error:  # a button pressed twice
                    page = _page(host, str(error))
                    self._send(422, page.encode(), "text/html; charset=utf-8")
                    return
                self._send(303, b"", location=f"/trainer/{host.trainer_code}/")
                return
            page = _now(host) if part == "now" else _page(host)
            self._send(200, page.encode(), "text/html; charset=utf-8")

        def _send(self, code: int, body: bytes, kind: str = "application/octet-stream", location: str = "") -> None:
            self.send_response(code)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Cache-Control", "no-store")
            self.send_header("X-Content-Type-Options", "nosniff")
            self.send_header("Referrer-Policy", "no-referrer")
            self.send_header("Content-Security-Policy", POLICY)
            if location:
                self.send_header("Location", location)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing: a trainee's terminal does not list what was asked for."""

    return Handler


def _now(host: Host) -> str:
    """Who is where, as it stands."""
    return debrief.progress(host.overview(), host.lab.zone).html


def _page(host: Host, refused: str = "") -> str:
    """The trainer's page: who is where, which renews itself, and what can be done; `refused`: why nothing was done."""
    style = (TEMPLATES / "style.css").read_text(encoding="utf-8")
    more = "form{margin:0 0 18px;display:flex;gap:10px;flex-wrap:wrap}" + (
        "input,textarea,button{font:inherit;padding:4px 10px}textarea{flex:1 1 260px}"
    )
    head = '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
    late = '<p id="late" class="finding" hidden>连不上演练服务，下面是断开前的样子。开演练的窗口要一直开着。</p>'
    why = f'<p class="finding">{html.escape(refused)}</p>' if refused else ""
    return (
        f'<!doctype html><html lang="zh-Hans"><head>{head}<title>训练人</title><style>{style}{more}</style></head>'
        f'<body><main>{why}{late}<div id="now">{_now(host)}</div>{_controls(host)}</main>'
        f"<script>{RENEWING}</script></body></html>"
    )


def _controls(host: Host) -> str:
    """Buttons: open the next stage, send what is held in reserve or one's own message, end."""
    now = host.overview()
    address = f"/trainer/{host.trainer_code}/"

    def form(do: str, *inside: str) -> str:
        hidden = f'<input type="hidden" name="do" value="{do}">'
        return f'<form method="post" action="{address}">{hidden}{"".join(inside)}</form>'

    if now["ended"]:
        return f"<p>这一场已结束。讲评：<code>opinion-lab exercise debrief {html.escape(host.session)}</code></p>"
    ready = [
        form(
            "inject",
            *(f'<input type="hidden" name="{k}" value="{html.escape(inject[k])}">' for k in ("sender", "text")),
            f"<button>发出</button> {html.escape(inject['sender'])}：{html.escape(inject['text'])}",
        )
        for inject in now["reserve"]
    ]
    open_ = form("open", "<button>开放下一站</button>") if now["led"] and now["opened"] < len(now["hours"]) else ""
    own = form(
        "inject",
        '<input name="sender" placeholder="谁发来的" aria-label="谁发来的" required>',
        '<textarea name="text" rows="2" placeholder="说了什么" aria-label="说了什么" required></textarea>',
        "<button>发给全体</button>",
    )
    end = form("end", "<button>结束演练，可以讲评</button>")
    reserve = f"<h3>备用消息</h3>{''.join(ready)}" if ready else ""
    return f"<h3>下一步</h3>{open_}{end}{reserve}<h3>另发一条消息</h3>{own}"
