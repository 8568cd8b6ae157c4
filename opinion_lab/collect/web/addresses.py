"""Where a request may go: addresses of the own network are closed, in whatever way they are written. No I/O."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from urllib.parse import quote, urljoin

import httpx

from opinion_lab.collect.web.faults import Fault

#: RFC 6052, RFC 8215, RFC 7915: the last 32 bits are an address of IPv4.
NAT64 = tuple(map(ipaddress.IPv6Network, ("64:ff9b::/96", "64:ff9b:1::/48", "::ffff:0:0:0/96")))
COMPATIBLE = ipaddress.IPv6Network("::/96")
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
PORTS = {"http": 80, "https": 443}


def parsed(url: str) -> httpx.URL:
    """An address of the web. Raises Fault(address) for what is none: another scheme, a port or name that cannot be."""
    try:
        found = httpx.URL(url)
        found.host.encode("idna")  # empty and overlong labels
    except (httpx.InvalidURL, ValueError, TypeError):
        raise Fault("address") from None
    if found.scheme not in PORTS or not found.host or (found.port or 1) > 65_535:
        raise Fault("address", found.scheme)
    return found


def site(url: httpx.URL) -> str:
    """Scheme, host and port: what a robots.txt speaks for."""
    return f"{url.scheme}://{bare(url).netloc.decode('ascii')}"


def endpoint(url: httpx.URL) -> tuple[str, int]:
    """Host and port to connect to."""
    return url.host.lower(), url.port or PORTS[url.scheme]


def bare(url: httpx.URL) -> httpx.URL:
    """Without user name and password, which are neither printed nor stored."""
    return url.copy_with(username=None, password=None)


def joined(base: httpx.URL, location: bytes) -> str:
    """Where a redirect leads; bytes beyond ASCII are kept as they came, in whatever encoding they were."""
    try:
        return urljoin(str(bare(base)), quote(location, safe="%/:=&?~#+!$,;'@()*[]"))
    except ValueError:  # a bracket that is not closed
        raise Fault("address") from None


def is_public(address: str) -> bool:
    """Whether an address belongs to the internet, and so does every address of IPv4 that is hidden in it."""
    try:
        found = ipaddress.ip_address(address.split("%")[0])
    except ValueError:
        return False
    return all(a.is_global and not a.is_multicast and not a.is_reserved for a in _within(found))


def _within(found: Address) -> Iterator[Address]:
    if isinstance(found, ipaddress.IPv4Address):
        yield found
        return
    hidden = [found.ipv4_mapped, found.sixtofour, *(found.teredo or ())]
    if any(found in network for network in (*NAT64, COMPATIBLE)):
        hidden.append(ipaddress.IPv4Address(int(found) & 0xFFFFFFFF))
    given = [a for a in hidden if a is not None]
    yield from given
    # an address of a translator or a tunnel is as public as what it leads to
    if not given:
        yield found
