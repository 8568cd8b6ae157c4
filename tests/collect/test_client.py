"""The client's manners and guards, against real servers on this machine."""

import asyncio
import contextlib
import gzip
import random
import socket
import time
import zlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import partial
from threading import Event, Thread
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from opinion_lab.collect.parsers import bodies
from opinion_lab.collect.web import addresses
from opinion_lab.collect.web.client import Client
from opinion_lab.collect.web.faults import Fault
from opinion_lab.collect.web.messages import Answer
from opinion_lab.collect.web.worker import Workers
from opinion_lab.config import Collect

gzipped = partial(gzip.compress, mtime=0)
HERE = Collect(seconds_between=0.0, timeout_seconds=2.0, max_mb=0.001)
Get = Callable[..., Answer]


@pytest.fixture(scope="module")
def workers() -> Any:
    with contextlib.closing(Workers()) as started:
        started.ask_here("allows", "", "/", "x")
        yield started


@pytest.fixture
def get(workers: Workers) -> Get:
    """`get(url, ...)`, or several one after another, of a source that may lie on this machine."""

    def ask(*urls: str, settings: Collect = HERE, private: bool = True, **conditions: str) -> Answer:
        async def run() -> Answer:
            async with Client(settings, workers) as client:
                return [await client.get(url, private=private, **conditions) for url in urls][-1]

        return asyncio.run(run())

    return ask


def fault(get: Get, *urls: str, **options: Any) -> str:
    with pytest.raises(Fault) as error:
        get(*urls, **options)
    return error.value.code


@pytest.fixture
def site(httpserver: HTTPServer) -> HTTPServer:
    """A server that has no robots.txt."""
    httpserver.expect_request("/robots.txt").respond_with_data("", status=404)
    return httpserver


def test_conditional_request(site: HTTPServer, get: Get) -> None:
    def answer(request: Request) -> Response:
        if request.headers.get("if-none-match") == '"v1"':
            return Response(status=304)
        return Response(b"body", headers={"etag": '"v1"'})

    site.expect_request("/feed").respond_with_handler(answer)
    first = get(site.url_for("/feed"))
    assert (first.status, first.body, first.etag) == (200, b"body", '"v1"')
    second = get(site.url_for("/feed"), etag='"v1"')
    assert (second.status, second.body) == (304, b"")


def test_unchanged_since_nothing_is_no_answer(site: HTTPServer, get: Get) -> None:
    site.expect_request("/feed").respond_with_data("", status=304)
    assert fault(get, site.url_for("/feed")) == "status"


def test_robots_is_kept(httpserver: HTTPServer, get: Get) -> None:
    httpserver.expect_request("/robots.txt").respond_with_data("User-agent: *\nDisallow: /private")
    httpserver.expect_request("/private/feed").respond_with_data("secret")
    httpserver.expect_request("/feed").respond_with_data("open")
    assert fault(get, httpserver.url_for("/private/feed")) == "robots"
    assert get(httpserver.url_for("/feed")).body == b"open"
    assert [r.path for r, _ in httpserver.log].count("/private/feed") == 0


def test_robots_that_fail_mean_stay_out(httpserver: HTTPServer, get: Get) -> None:
    httpserver.expect_request("/robots.txt").respond_with_data("", status=503, headers={"retry-after": "0"})
    httpserver.expect_request("/feed").respond_with_data("open")
    assert fault(get, httpserver.url_for("/feed")) == "robots_failed"
    assert "/feed" not in [r.path for r, _ in httpserver.log]


def test_tries_again_after_a_passing_fault(httpserver: HTTPServer, get: Get) -> None:
    httpserver.expect_ordered_request("/robots.txt").respond_with_data("", status=404)
    httpserver.expect_ordered_request("/feed").respond_with_data("", status=503, headers={"retry-after": "0"})
    httpserver.expect_ordered_request("/feed").respond_with_data("there")
    assert get(httpserver.url_for("/feed")).body == b"there"


def in_http(seconds: float) -> str:
    return format_datetime(datetime.now(UTC) + timedelta(seconds=seconds), usegmt=True)


@pytest.mark.parametrize(
    ("status", "said", "hours"),
    [
        (429, "3600", 1.0),
        (503, "7200", 2.0),
        (429, "a date", 1.5),
        (429, "999999999", 168.0),  # a week at most
        (429, "²", None),
        (429, "soon", None),
        (429, "-5", None),
        (429, "", None),
    ],
)
def test_what_asks_to_be_left_alone_is(site: HTTPServer, get: Get, status: int, said: str, hours: float | None) -> None:
    said = in_http(5400) if said == "a date" else said  # made here: the names of tests must not change with the clock
    site.expect_request("/feed").respond_with_handler(
        lambda _: Response(b"", status=status, headers={"retry-after": said.encode("latin-1").decode("latin-1")})
    )
    begun = time.monotonic()
    with pytest.raises(Fault) as error:
        get(site.url_for("/feed"))
    assert time.monotonic() - begun < 2 and [r.path for r, _ in site.log].count("/feed") == 1
    wait = error.value.wait
    assert (None if wait is None else wait / timedelta(hours=1)) == (hours and pytest.approx(hours, abs=0.05))


def test_what_says_that_it_is_too_large_is_not_fetched(site: HTTPServer, get: Get) -> None:
    refused = Event()

    def slow() -> Iterator[bytes]:
        yield b"x"  # the headers go with it
        refused.wait(HERE.timeout_seconds + 5)

    site.expect_request("/feed").respond_with_handler(lambda _: Response(slow(), headers={"content-length": "5000"}))
    assert fault(get, site.url_for("/feed")) == "too_large"
    refused.set()  # the server answers one at a time


def test_what_does_not_say_how_large_it_is_is_given_up_when_it_is_too_large(site: HTTPServer, get: Get) -> None:
    site.expect_request("/feed").respond_with_handler(lambda _: Response(b"x" * 100 for _ in range(50)))
    assert fault(get, site.url_for("/feed")) == "too_large"


@pytest.mark.parametrize("parts", [1, 3])
@pytest.mark.parametrize("body", [bytes(2_500_000), random.Random(0).randbytes(2_500_000), b"x" * bodies.STEP, b"x"])
def test_what_is_packed_is_unpacked_in_steps_to_the_byte(body: bytes, parts: int) -> None:
    packed = gzipped(body) * parts
    assert bodies.inflated(packed, ["gzip"], parts * len(body)) == parts * body
    with pytest.raises(bodies.TooLarge):
        bodies.inflated(packed, ["gzip"], parts * len(body) - 1)
    with pytest.raises(bodies.Broken):
        bodies.inflated(packed[:-9], ["gzip"], parts * len(body))


ROWS = b"<rss>" + b"A" * 500


@pytest.mark.parametrize(
    ("coding", "body", "code"),
    [
        ("", b"x" * 5000, "too_large"),
        ("gzip", gzipped(ROWS), None),
        ("deflate", zlib.compress(ROWS), None),
        ("deflate", zlib.compress(ROWS, wbits=-15), None),  # as some servers understand the name
        ("deflate", zlib.compress(ROWS)[:-9], "encoding"),  # cut off
        ("gzip", gzipped(ROWS)[:-9], "encoding"),
        ("gzip", b"\x1f\x8b\x08\0\0\0\0\0\0\3no deflate stream", "encoding"),
        ("gzip, gzip", gzipped(gzipped(ROWS)), None),
        ("gzip", gzipped(bytes(10_000_000))[:900], "too_large"),
        ("gzip, deflate, gzip", gzipped(zlib.compress(gzipped(bytes(10_000_000)))), "too_large"),
        ("br", b"\x0b\x02\x80", "encoding"),
        ("gzip", gzipped(ROWS[:9]) + gzipped(ROWS[9:]), None),  # several members are one
    ],
)
def test_bodies_are_bounded_while_they_are_unpacked(
    site: HTTPServer, get: Get, coding: str, body: bytes, code: str | None
) -> None:
    site.expect_request("/feed").respond_with_data(body, headers={"content-encoding": coding} if coding else {})
    if code is None:
        assert get(site.url_for("/feed")).body == ROWS
    else:
        assert fault(get, site.url_for("/feed")) == code


def test_gone_is_said(site: HTTPServer, get: Get) -> None:
    site.expect_request("/feed").respond_with_data("", status=410)
    with pytest.raises(Fault) as error:
        get(site.url_for("/feed"))
    assert (error.value.code, error.value.detail) == ("status", "410")


def test_pace(site: HTTPServer, get: Get) -> None:
    site.expect_request("/feed").respond_with_data("x")
    start = time.monotonic()
    url = site.url_for("/feed")
    get(url, url, settings=Collect(seconds_between=0.2))  # robots.txt first: one pause more
    assert time.monotonic() - start >= 0.4


@pytest.mark.parametrize(
    "url",
    [
        *(
            "file:///etc/passwd",
            "ftp://example.com/x",
            "http:///x",
            "http://[::1",
            "http://a..b/",
            "javascript:alert(1)",
        ),
        *("http://nowhere.invalid:99999/", f"http://{'a' * 70}.example/", "//x.example/", ""),
    ],
)
def test_only_addresses_of_the_web(url: str, get: Get) -> None:
    assert fault(get, url) == "address"


@pytest.mark.parametrize(
    "url",
    [
        *("http://127.0.0.1:1/x", "http://10.0.0.8/x", "http://[::1]/x", "http://169.254.169.254/", "http://0:1/"),
        *("http://2130706433:1/", "http://0x7f.1:1/", "http://[::ffff:127.0.0.1]:1/", "http://localhost:1/"),
        *("http://[64:ff9b::7f00:1]/", "http://[64:ff9b:1::a00:8]/", "http://[2002:7f00:1::]/", "http://[fe80::1]/"),
    ],
)
def test_own_network_is_closed_unless_the_source_lies_there(url: str, get: Get) -> None:
    assert fault(get, url, private=False) == "private"


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("8.8.8.8", True),
        ("64:ff9b::808:808", True),
        ("2001:4860:4860::8888", True),
        ("2002:808:808::", True),
        ("100.64.0.1", False),
        ("224.0.0.1", False),
        ("240.0.0.1", False),
        ("::ffff:0:127.0.0.1", False),
        ("::127.0.0.1", False),
        ("fc00::1", False),
        ("2001:0:0:0:0:0:80ff:fffe", False),  # Teredo of 127.0.0.1
        ("fe80::1%eth0", False),
        ("nonsense", False),
    ],
)
def test_addresses_hidden_in_addresses(address: str, public: bool) -> None:
    assert addresses.is_public(address) is public


def test_a_name_that_moves_leads_nowhere_else(site: HTTPServer, get: Get, monkeypatch: pytest.MonkeyPatch) -> None:
    """Looked up once, public; a second look-up would lead inside. The connection goes to what was checked."""
    looked: list[str] = []
    ours = socket.getaddrinfo

    def moving(host: str, *arguments: Any, **options: Any) -> Any:
        if host != "moves.example":
            return ours(host, *arguments, **options)
        looked.append(host)
        return ours("192.0.2.1" if len(looked) == 1 else "127.0.0.1", *arguments, **options)

    monkeypatch.setattr(socket, "getaddrinfo", moving)
    monkeypatch.setattr(addresses, "is_public", lambda address: not address.startswith("127."))
    site.expect_request("/feed").respond_with_data("inside")
    brief = Collect(seconds_between=0.0, timeout_seconds=0.5)
    code = fault(get, f"http://moves.example:{site.port}/feed", settings=brief, private=False)
    assert code in ("deadline", "unreachable", "private") and not site.log


@pytest.mark.parametrize("variable", ["no_proxy", "NO_PROXY"])
def test_no_proxy_is_no_way_inside(get: Get, monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    monkeypatch.setenv("http_proxy", "http://proxy.invalid:3128")
    monkeypatch.setenv(variable, "127.0.0.1,localhost,*")
    assert fault(get, "http://127.0.0.1:1/x", private=False) == "private"


def test_redirects_pass_the_guards_too(site: HTTPServer, get: Get) -> None:
    with socket.create_server(("127.0.0.1", 0)) as inner:
        inner.settimeout(0.2)
        port = inner.getsockname()[1]
        for n, to in enumerate(
            (f"http://127.0.0.1:{port}/admin", f"http://127.0.0.9@127.0.0.1:{port}/", f"http://2130706433:{port}/")
        ):
            site.expect_request(f"/{n}").respond_with_data("", status=302, headers={"location": to})
            assert fault(get, site.url_for(f"/{n}")) == "private"
        with pytest.raises(TimeoutError):
            inner.accept()
    site.expect_request("/file").respond_with_data("", status=302, headers={"location": "file:///etc/passwd"})
    site.expect_request("/loop").respond_with_data("", status=302, headers={"location": "/loop"})
    assert fault(get, site.url_for("/file")) == "address"
    assert fault(get, site.url_for("/loop")) == "redirects"


def served(answers: Callable[[socket.socket], None]) -> tuple[str, socket.socket]:
    """An address at which raw bytes are answered; robots.txt is not there."""
    server = socket.create_server(("127.0.0.1", 0))

    def run() -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            with connection:
                path = connection.recv(4096).split(b" ")[1]
                if path == b"/robots.txt":
                    connection.sendall(b"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n")
                    continue
                connection.sendall(b"HTTP/1.1 200 OK\r\n") if path != b"/a" else None
                with contextlib.suppress(OSError):
                    answers(connection)

    Thread(target=run, daemon=True).start()
    return f"http://127.0.0.1:{server.getsockname()[1]}", server


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        ("/订阅.xml".encode("gbk"), "/%B6%A9%D4%C4.xml"),
        ("/订阅.xml".encode(), "/%E8%AE%A2%E9%98%85.xml"),
        ("/通知 1.xml".encode("gbk"), "/%CD%A8%D6%AA%201.xml"),
        (b"/%B6%A9%D4%C4.xml?a=1&b=2#x", "/%B6%A9%D4%C4.xml?a=1&b=2"),
    ],
)
def test_a_redirect_is_followed_in_the_bytes_it_came_in(get: Get, raw: bytes, path: str) -> None:
    """Case f17b-redir-gbk: Location in raw GBK."""

    def answer(connection: socket.socket) -> None:
        asked.append(1)
        if len(asked) == 1:
            connection.sendall(b"HTTP/1.1 302 Found\r\nLocation: " + raw + b"\r\nContent-Length: 0\r\n\r\n")
        else:
            connection.sendall(b"Content-Length: 2\r\n\r\nok")

    asked: list[int] = []
    base, server = served(answer)
    with server:
        answered = get(f"{base}/a")
    assert (answered.body, answered.url.removeprefix(base).partition("#")[0]) == (b"ok", path)


@pytest.mark.parametrize("what", ["nothing", "headers", "body"])
def test_one_deadline_for_all(get: Get, what: str) -> None:
    def drip(connection: socket.socket) -> None:
        if what == "body":
            connection.sendall(b"Content-Length: 1000000\r\n\r\n")
        for n in range(40):
            time.sleep(0.1)
            if what != "nothing":
                connection.sendall(b"x" if what == "body" else b"X-%d: y\r\n" % n)

    base, server = served(drip)
    begun = time.monotonic()
    with server:
        brief = Collect(seconds_between=0.0, timeout_seconds=0.8)
        assert fault(get, f"{base}/feed", settings=brief) == "deadline"
    assert time.monotonic() - begun < 2


def test_a_password_goes_to_its_own_site_and_nowhere_else(site: HTTPServer, get: Get) -> None:
    site.expect_request("/feed").respond_with_handler(lambda r: Response(r.headers.get("authorization", "none")))
    site.expect_request("/away").respond_with_data("", status=302, headers={"location": "http://localhost:1/"})
    url = site.url_for("/feed").replace("//", "//name:pass%20word@")
    answer = get(url)
    assert answer.body == b"Basic bmFtZTpwYXNzIHdvcmQ=" and "name" not in answer.url
    with pytest.raises(Fault) as error:
        get(url.replace("/feed", "/away"))
    assert "name" not in str(error.value)
