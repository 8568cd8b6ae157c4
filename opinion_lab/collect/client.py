"""The one HTTP client: robots, pace, conditional requests, size and address guards."""

from __future__ import annotations

import ipaddress
import socket
import time
import urllib.request
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

import httpx
import tenacity
from protego import Protego

from opinion_lab.config import Collect, LabError

MAX_REDIRECTS = 5
AGAIN = {429, 500, 502, 503, 504}


class Refused(LabError):
    """The client will not go there: robots, address, size or scheme. Trying again changes nothing."""


class Unreachable(LabError):
    """The source did not answer properly this time; `status` is null when there was no answer at all."""

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True)
class Answer:
    """What a source answered. `body` is empty for 304 (unchanged)."""

    status: int
    body: bytes
    url: str
    etag: str | None
    last_modified: str | None
    charset: str | None = None


class _TryAgain(Exception):
    def __init__(self, why: str, seconds: float | None = None) -> None:
        super().__init__(why)
        self.seconds = seconds


class Client:
    """Polite requests, one at a time to a host. Use as a context manager."""

    def __init__(self, settings: Collect) -> None:
        self.settings = settings
        self.http = httpx.Client(
            headers={"user-agent": settings.user_agent},
            timeout=settings.timeout_seconds,
            follow_redirects=False,  # each hop passes the guards
        )
        self.robots: dict[str, Protego] = {}
        self.last_request: dict[str, float] = {}

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def get(self, url: str, *, etag: str | None = None, last_modified: str | None = None) -> Answer:
        """Fetch `url` if robots.txt allows, asking only for what changed since `etag` / `last_modified`.

        Raises Refused (robots, private address, too large, not http) or Unreachable (no proper answer).
        """
        conditions = {"if-none-match": etag, "if-modified-since": last_modified}
        headers = {k: v for k, v in conditions.items() if v}
        for _ in range(MAX_REDIRECTS + 1):
            self._guard_address(url)
            if not self._robots(url).can_fetch(url, self.settings.user_agent):
                raise Refused(f"{url} 的 robots.txt 不允许采集，已跳过。请改用该网站公开提供的订阅源，或停用此来源。")
            answer = self._patient(url, headers)
            if not isinstance(answer, str):
                return answer
            url = answer
        raise Unreachable(f"{url} 跳转超过 {MAX_REDIRECTS} 次，请检查地址。")

    def _robots(self, url: str) -> Protego:
        parts = urlsplit(url)
        site = f"{parts.scheme}://{parts.netloc}"
        if site not in self.robots:
            try:
                answer = self._patient(f"{site}/robots.txt", {})
                for _ in range(MAX_REDIRECTS):
                    if not isinstance(answer, str):
                        break
                    self._guard_address(answer)
                    answer = self._patient(answer, {})
                text = answer.body.decode("utf-8", "replace") if isinstance(answer, Answer) else ""
            except Unreachable as error:
                # RFC 9309 2.3.1: 4xx means no rules; a server that fails means stay out
                if error.status is None:
                    raise
                text = ""
            self.robots[site] = Protego.parse(text)
        return self.robots[site]

    def _patient(self, url: str, headers: dict[str, str]) -> Answer | str:
        def pause(state: tenacity.RetryCallState) -> float:
            error = state.outcome.exception() if state.outcome else None
            asked = error.seconds if isinstance(error, _TryAgain) else None
            return min(asked, 60.0) if asked is not None else min(2.0 ** (state.attempt_number - 1), 10.0)

        tries = tenacity.Retrying(
            stop=tenacity.stop_after_attempt(3), wait=pause, retry=tenacity.retry_if_exception_type(_TryAgain)
        )
        try:
            return tries(self._once, url, headers)
        except tenacity.RetryError as error:
            raise Unreachable(f"{url} 三次都没有取到：{error.last_attempt.exception()}。稍后会再试。") from None

    def _once(self, url: str, headers: dict[str, str]) -> Answer | str:
        """One request; a redirect comes back as its target."""
        self._pace(url)
        try:
            with self.http.stream("GET", url, headers=headers) as response:
                self._guard_peer(response)
                if response.has_redirect_location:
                    return urljoin(url, response.headers["location"])
                if response.status_code in AGAIN:
                    wait = response.headers.get("retry-after", "")
                    raise _TryAgain(f"服务器答复 {response.status_code}", float(wait) if wait.isdigit() else None)
                if response.status_code >= 400:
                    status = response.status_code
                    raise Unreachable(f"{url} 答复 {status}，请检查地址是否仍有效。", status)
                body = self._limited(response)
                given = response.headers
                tags = given.get("etag"), given.get("last-modified")
                return Answer(response.status_code, body, url, *tags, response.charset_encoding)
        except httpx.TransportError as error:
            raise _TryAgain(f"{type(error).__name__} {error}") from None

    def _limited(self, response: httpx.Response) -> bytes:
        limit = int(self.settings.max_mb * 1_000_000)
        body = bytearray()
        for chunk in response.iter_bytes():
            body += chunk
            if len(body) > limit:
                raise Refused(
                    f"{response.url} 超过 {self.settings.max_mb:g} MB，已停止下载。可在 lab.toml 调大 max_mb。"
                )
        return bytes(body)

    def _pace(self, url: str) -> None:
        host = urlsplit(url).netloc
        wait = self.last_request.get(host, -1e9) + self.settings.seconds_between - time.monotonic()
        if wait > 0:
            time.sleep(wait)
        self.last_request[host] = time.monotonic()

    def _guard_address(self, url: str) -> None:
        """Only http(s), and no address of the own network: a hostile redirect must not reach inside."""
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise Refused(f"{url} 不是 http 或 https 地址。")
        if self.settings.allow_private:
            return
        try:
            found = {info[4][0] for info in socket.getaddrinfo(parts.hostname, parts.port or 443)}
        except OSError:
            raise Unreachable(f"找不到主机 {parts.hostname}。请检查地址和网络。") from None
        for address in found:
            self._refuse_private(str(address), url)

    def _guard_peer(self, response: httpx.Response) -> None:
        """The name could resolve differently between the check and the connection: look at who answered."""
        stream = response.extensions.get("network_stream")
        peer = stream.get_extra_info("server_addr") if stream else None
        # behind a proxy the peer is the proxy, which has guards of its own
        if peer and not self.settings.allow_private and not urllib.request.getproxies():
            self._refuse_private(peer[0], str(response.url))

    def _refuse_private(self, address: str, url: str) -> None:
        if not ipaddress.ip_address(address.split("%")[0]).is_global:
            raise Refused(
                f"{url} 指向内部网络地址 {address}，已拒绝。"
                "若确是本单位内网来源，请在 lab.toml 的 [collect] 设 allow_private = true。"
            )
