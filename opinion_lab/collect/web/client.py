"""The one HTTP client: robots, pace, conditional requests; one deadline, one bound of size, one guard of addresses.

A name is looked up once and the connection made to the address that was checked (TLS still holds the name), so a name
that resolves differently the second time leads nowhere else.
"""

from __future__ import annotations

import asyncio
import base64
import re
import socket
import ssl
import time
import urllib.request
from collections import defaultdict
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import unquote

import httpx

from opinion_lab.collect.parsers import bodies
from opinion_lab.collect.web import addresses
from opinion_lab.collect.web.faults import Fault
from opinion_lab.collect.web.messages import Answer, Endpoint, Form, Redirect, Request
from opinion_lab.collect.web.worker import Workers
from opinion_lab.config import Collect

MAX_REDIRECTS, TRIES = 5, 3
#: RFC 9309 2.5: a parser of robots.txt may stop here.
ROBOTS_BYTES = 512_000
#: A pause this long is waited for within the visit; a longer one ends it.
SHORT_WAIT = timedelta(seconds=5)
PASSING = {500, 502, 503, 504}
#: What says that one is not let in (451: for legal reasons); nobody tries another way.
BARRED = {401, 403, 407, 451}
CONDITIONS = {"if-none-match", "if-modified-since"}


class Client:
    """Polite requests, one at a time to a host, as many hosts side by side as ask. Use as an async context manager."""

    def __init__(self, settings: Collect, workers: Workers) -> None:
        self.settings, self.workers = settings, workers
        self.tls = ssl.create_default_context()
        self.transports: dict[str | None, httpx.AsyncHTTPTransport] = {}
        self.robots: dict[str, str | Fault] = {}
        self.hosts: dict[tuple[str, int], asyncio.Lock] = defaultdict(asyncio.Lock)
        self.last_request: dict[tuple[str, int], float] = {}

    async def __aenter__(self) -> Client:
        return self

    async def __aexit__(self, *_: object) -> None:
        for transport in self.transports.values():
            await transport.aclose()

    async def get(
        self,
        url: str,
        *,
        etag: str | None = None,
        last_modified: str | None = None,
        private: bool = False,
        own: bool = False,
        form: Form | None = None,
    ) -> Answer:
        """Fetch `url` if robots.txt allows, asking only for what changed since `etag` / `last_modified`.

        `private`: its own host and port may lie in the own network; what it redirects to may not. `own`: there it is a
        service of the bureau's own, asked without its robots.txt. `form` is sent by POST. Raises Fault, at the latest
        after `timeout_seconds` for robots, redirects, headers and body together.
        """
        conditions = {"if-none-match": etag, "if-modified-since": last_modified}
        headers = {k: v for k, v in conditions.items() if v}
        try:
            async with asyncio.timeout(self.settings.timeout_seconds):
                parsed = addresses.parsed(url)
                inside = addresses.endpoint(parsed) if private or self.settings.allow_private else None
                return await self._follow(parsed, Request(headers, inside, form, own))
        except TimeoutError:
            raise Fault("deadline", f"{self.settings.timeout_seconds:g}") from None

    async def _follow(self, url: httpx.URL, request: Request) -> Answer:
        first, login = addresses.site(url), {}
        for_good, moved_to = True, None
        if url.userinfo:
            login["authorization"] = f"Basic {base64.b64encode(unquote(url.userinfo.decode()).encode()).decode()}"
        for _ in range(MAX_REDIRECTS + 1):
            if not (request.own and await self._is_own(url, request.inside)):
                rules = await self._robots(url, request.inside)
                asked = rules, str(addresses.bare(url)), self.settings.user_agent
                if rules and not await self.workers.ask("allows", *asked):
                    raise Fault("robots")
            own = login if addresses.site(url) == first else {}
            answer = await self._patient(url, replace(request, headers=request.headers | own))
            if isinstance(answer, Answer):
                return replace(answer, moved_to=moved_to)
            if answer.status not in (307, 308):  # RFC 9110 15.4: the others are asked for by GET
                request = replace(request, form=None)
            url = addresses.parsed(answer.to)
            for_good &= answer.status in (301, 308)
            moved_to = str(addresses.bare(url)) if for_good else moved_to
        raise Fault("redirects", str(MAX_REDIRECTS))

    async def _is_own(self, url: httpx.URL, inside: Endpoint | None) -> bool:
        """Whether an address is the one that may lie in the own network, and does."""
        if addresses.endpoint(url) != inside:
            return False
        return not addresses.is_public(await self._checked(url, inside, behind=False))

    async def _robots(self, url: httpx.URL, inside: Endpoint | None) -> str:
        """The text of a site's robots.txt, asked for once a run; empty when there is none."""
        site = addresses.site(url)
        if site not in self.robots:
            try:
                self.robots[site] = await self._asked_robots(addresses.parsed(f"{site}/robots.txt"), inside)
            except Fault as fault:
                self.robots[site] = fault
            except asyncio.CancelledError:  # the deadline: its other sources need not wait for it as well
                self.robots[site] = Fault("robots_failed")
                raise
        found = self.robots[site]
        if isinstance(found, Fault):
            raise found
        return found

    async def _asked_robots(self, url: httpx.URL, inside: Endpoint | None) -> str:
        for _ in range(MAX_REDIRECTS + 1):
            try:
                answer = await self._patient(url, Request({}, inside))
            except Fault as fault:
                # RFC 9309 2.3.1: 4xx means no rules; a server that fails means stay out
                if fault.code in ("status", "closed") and fault.detail[:1] == "4" and fault.detail != "429":
                    return ""
                if fault.code in ("status", "busy"):
                    raise Fault("robots_failed", fault.detail, wait=fault.wait) from None
                raise
            if isinstance(answer, Answer):
                return answer.body[:ROBOTS_BYTES].decode("utf-8", "replace")
            url = addresses.parsed(answer.to)
        raise Fault("redirects", str(MAX_REDIRECTS))

    async def _patient(self, url: httpx.URL, asked: Request) -> Answer | Redirect:
        """A request, and again after a passing fault: after a second, then two, or when the server says."""
        attempt = 0
        while True:
            try:
                return await self._once(url, asked)
            except Fault as fault:
                pause = timedelta(seconds=2**attempt) if fault.wait is None else fault.wait
                attempt += 1
                if not fault.again or attempt == TRIES or pause > SHORT_WAIT:
                    raise
                await asyncio.sleep(pause.total_seconds())

    async def _once(self, url: httpx.URL, asked: Request) -> Answer | Redirect:
        host = addresses.endpoint(url)
        proxy = None if urllib.request.proxy_bypass(url.host) else urllib.request.getproxies().get(url.scheme)
        target = await self._checked(url, asked.inside, behind=proxy is not None)
        sent = {"host": url.netloc.decode("ascii"), "user-agent": self.settings.user_agent, "accept": "*/*"}
        form = asked.form
        if form:
            sent["content-type"] = form.content_type
        request = httpx.Request(
            "POST" if form else "GET",
            addresses.bare(url).copy_with(host=target, fragment=None),
            headers=sent | {"accept-encoding": "gzip, deflate"} | asked.headers,
            content=form.body if form else None,
            extensions={"sni_hostname": url.raw_host.decode("ascii"), "timeout": httpx.Timeout(None).as_dict()},
        )
        async with self.hosts[host]:
            wait = self.last_request.get(host, -1e9) + self.settings.seconds_between - time.monotonic()
            await asyncio.sleep(max(wait, 0))
            try:
                response = await self._transport(proxy).handle_async_request(request)
                try:
                    return await self._answer(response, url, bool(CONDITIONS & {*asked.headers}))
                finally:
                    await response.aclose()
            except httpx.TransportError as error:
                tls = isinstance(error.__cause__ or error.__context__, ssl.SSLError) or "CERTIFICATE" in str(error)
                raise Fault("tls" if tls else "unreachable", type(error).__name__, again=not tls) from None
            finally:
                self.last_request[host] = time.monotonic()

    def _transport(self, proxy: str | None) -> httpx.AsyncHTTPTransport:
        if proxy not in self.transports:
            try:
                self.transports[proxy] = httpx.AsyncHTTPTransport(
                    # the addresses of two names may be one: no connection serves another name
                    verify=self.tls,
                    trust_env=False,
                    proxy=proxy,
                    limits=httpx.Limits(max_keepalive_connections=0),
                )
            except (ValueError, ImportError):
                raise Fault("proxy") from None
        return self.transports[proxy]

    async def _checked(self, url: httpx.URL, inside: Endpoint | None, behind: bool) -> str:
        """The address to connect to. Raises Fault(private) when any of the name's addresses is of the own network.

        `behind` a proxy it is the proxy that connects, and TLS through it needs the name: the name is checked as far
        as it is known here, and the proxy has guards of its own.
        """
        host, port = addresses.endpoint(url)
        try:
            loop = asyncio.get_running_loop()
            found = await loop.getaddrinfo(url.raw_host.decode("ascii"), port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            if behind:
                return url.host
            raise Fault("no_host", host) from None
        closed = [str(info[4][0]) for info in found if not addresses.is_public(str(info[4][0]))]
        if closed and inside != (host, port):
            raise Fault("private", closed[0])
        if behind:
            return url.host
        # the first of IPv4, where there is one: a bureau's network seldom carries the other
        return str(min(found, key=lambda info: info[0] != socket.AF_INET)[4][0])

    async def _answer(self, response: httpx.Response, url: httpx.URL, conditional: bool) -> Answer | Redirect:
        status, given = response.status_code, response.headers
        if response.has_redirect_location:
            return Redirect(addresses.joined(url, next(v for k, v in given.raw if k.lower() == b"location")), status)
        if status == 304 and conditional:
            return Answer(304, b"", str(addresses.bare(url)))
        if status == 429 or status in PASSING:
            wait = _wait(given.get("retry-after", ""), given.get("date", ""))
            again = status in PASSING or wait is not None
            raise Fault("busy" if wait else "status", str(status), wait=wait, again=again)
        if status in BARRED:
            raise Fault("closed", str(status))
        if not 200 <= status < 300:
            raise Fault("status", str(status))
        limit, said = int(self.settings.max_mb * 1_000_000), given.get("content-length", "")
        if said.isdecimal() and (len(said) > 18 or int(said) > limit):  # nothing is fetched that is then refused
            raise Fault("too_large", f"{self.settings.max_mb:g}")
        body = bytearray()
        async for chunk in response.aiter_raw():
            body += chunk
            if len(body) > limit:
                raise Fault("too_large", f"{self.settings.max_mb:g}")
        coding = [c.strip().lower() for c in given.get("content-encoding", "").split(",")]
        try:
            plain = bodies.inflated(bytes(body), coding, limit)
        except bodies.TooLarge:
            raise Fault("too_large", f"{self.settings.max_mb:g}") from None
        except bodies.Broken as error:
            raise Fault("encoding", str(error)) from None
        tags = given.get("etag"), given.get("last-modified")
        return Answer(status, plain, str(addresses.bare(url)), *tags, response.charset_encoding)


def _wait(text: str, date: str) -> timedelta | None:
    """Retry-After: seconds, or a date, told by the server's own clock where it shows that; None when it is neither."""
    text = text.strip()
    if re.fullmatch(r"[0-9]{1,9}", text):
        return timedelta(seconds=int(text))
    try:
        then = parsedate_to_datetime(text)
        now = parsedate_to_datetime(date) if date else datetime.now(UTC)
        return then.astimezone(UTC) - now.astimezone(UTC)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
