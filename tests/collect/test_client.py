"""The client's manners and guards, against a real server on this machine."""

import time

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from opinion_lab.collect.client import Client, Refused, Unreachable
from opinion_lab.config import Collect

HERE = Collect(seconds_between=0.0, timeout_seconds=2.0, max_mb=0.001, allow_private=True)


@pytest.fixture
def client() -> Client:
    return Client(HERE)


@pytest.fixture
def site(httpserver: HTTPServer) -> HTTPServer:
    """A server that has no robots.txt."""
    httpserver.expect_request("/robots.txt").respond_with_data("", status=404)
    return httpserver


def test_conditional_request(site: HTTPServer, client: Client) -> None:
    def answer(request: Request) -> Response:
        if request.headers.get("if-none-match") == '"v1"':
            return Response(status=304)
        return Response(b"body", headers={"etag": '"v1"'})

    site.expect_request("/feed").respond_with_handler(answer)
    first = client.get(site.url_for("/feed"))
    assert (first.status, first.body, first.etag) == (200, b"body", '"v1"')
    second = client.get(site.url_for("/feed"), etag=first.etag)
    assert (second.status, second.body) == (304, b"")


def test_robots_is_kept(httpserver: HTTPServer, client: Client) -> None:
    httpserver.expect_request("/robots.txt").respond_with_data("User-agent: *\nDisallow: /private")
    httpserver.expect_request("/private/feed").respond_with_data("secret")
    httpserver.expect_request("/feed").respond_with_data("open")
    with pytest.raises(Refused, match=r"robots\.txt"):
        client.get(httpserver.url_for("/private/feed"))
    assert client.get(httpserver.url_for("/feed")).body == b"open"
    assert [r.path for r, _ in httpserver.log].count("/private/feed") == 0


def test_robots_that_fail_mean_stay_out(httpserver: HTTPServer, client: Client) -> None:
    httpserver.expect_request("/robots.txt").respond_with_data("", status=503, headers={"retry-after": "0"})
    httpserver.expect_request("/feed").respond_with_data("open")
    with pytest.raises(Unreachable):
        client.get(httpserver.url_for("/feed"))
    assert "/feed" not in [r.path for r, _ in httpserver.log]


def test_tries_again_after_a_passing_fault(httpserver: HTTPServer, client: Client) -> None:
    httpserver.expect_ordered_request("/robots.txt").respond_with_data("", status=404)
    httpserver.expect_ordered_request("/feed").respond_with_data("", status=503, headers={"retry-after": "0"})
    httpserver.expect_ordered_request("/feed").respond_with_data("there")
    assert client.get(httpserver.url_for("/feed")).body == b"there"


def test_too_large_is_refused(site: HTTPServer, client: Client) -> None:
    site.expect_request("/feed").respond_with_data(b"x" * 5000)
    with pytest.raises(Refused, match="MB"):
        client.get(site.url_for("/feed"))


def test_gone_is_said(site: HTTPServer, client: Client) -> None:
    site.expect_request("/feed").respond_with_data("", status=410)
    with pytest.raises(Unreachable, match="410"):
        client.get(site.url_for("/feed"))


def test_pace(site: HTTPServer) -> None:
    site.expect_request("/feed").respond_with_data("x")
    with Client(Collect(seconds_between=0.2, allow_private=True)) as slow:
        start = time.monotonic()
        slow.get(site.url_for("/feed"))  # robots.txt first: one pause
        slow.get(site.url_for("/feed"))
        assert time.monotonic() - start >= 0.4


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://example.com/x", "http:///x"])
def test_only_http(url: str, client: Client) -> None:
    with pytest.raises(Refused):
        client.get(url)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1/x", "http://10.0.0.8/x", "http://[::1]/x", "http://169.254.169.254/"]
)
def test_own_network_is_closed_by_default(url: str) -> None:
    with Client(Collect()) as careful, pytest.raises(Refused, match="内部网络"):
        careful.get(url)


def test_redirects_pass_the_guards_too(site: HTTPServer, client: Client) -> None:
    site.expect_request("/a").respond_with_data("", status=302, headers={"location": "file:///etc/passwd"})
    site.expect_request("/loop").respond_with_data("", status=302, headers={"location": "/loop"})
    with pytest.raises(Refused):
        client.get(site.url_for("/a"))
    with pytest.raises(Unreachable, match="跳转"):
        client.get(site.url_for("/loop"))
