"""The one way the hub asks a server that somebody else named: webhooks today.

https only; the name is resolved once and the connection goes to that very address; no address inside a network; no
redirect; 10 seconds and 1 MB for everything. What came back is for the caller's code, never for a page.
"""

import contextlib
import http.client
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

SECONDS = 10.0
BYTES = 1 << 20
LONGEST_URL = 500
_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class Trouble(StrEnum):
    """Why there is no answer to use. A closed list: nothing the other side says is in it."""

    NOT_HTTPS = "not-https"
    BAD_ADDRESS = "bad-address"
    NO_SUCH_NAME = "no-such-name"
    INSIDE = "inside-a-network"
    NO_CONNECTION = "no-connection"
    BAD_CERTIFICATE = "bad-certificate"
    TIMEOUT = "timeout"
    REDIRECT = "redirect"
    TOO_LARGE = "too-large"
    NO_HTTP = "no-http"


class OutboundRefused(Exception):
    """`trouble` says why."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble.value)
        self.trouble = trouble


@dataclass(frozen=True)
class Target:
    host: str
    port: int
    path: str
    """With its query, as it goes on the request line."""


@dataclass(frozen=True)
class Fetched:
    status: int
    body: bytes


_FORBIDDEN = tuple(
    ipaddress.ip_network(text)
    for text in (
        "168.63.129.16/32",  # Azure's metadata, at a public address
        "192.0.0.0/24",  # protocol assignments; Oracle's metadata
        "192.88.99.0/24",  # 6to4 relays
        "::/96",  # IPv4-compatible
        "::ffff:0:0/96",  # IPv4-mapped: the address inside is asked as itself before this list
        "::ffff:0:0:0/96",  # IPv4-translated
        "64:ff9b::/96",  # NAT64
        "64:ff9b:1::/48",
        "2001::/23",  # Teredo, ORCHID and other protocols
        "2002::/16",  # 6to4
        "5f00::/16",  # segment routing
        "fec0::/10",  # site-local
    )
)
_ISATAP = 0x5EFE


def is_outside(address: str) -> bool:
    """Whether this address is of the public internet, and carries no other address inside."""
    try:
        found: _Address = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Address):
        if found.scope_id is not None:
            return False
        if (int(found) >> 32) & 0xFFFF == _ISATAP:
            return False
    if any(found.version == net.version and found in net for net in _FORBIDDEN):
        return False
    return found.is_global and not (
        found.is_multicast or found.is_reserved or found.is_loopback or found.is_link_local
    )


def target_of(url: str) -> Target:
    """Raises OutboundRefused for what is no plain https address. Resolves nothing."""
    if len(url) > LONGEST_URL or not url.isascii() or not url.isprintable() or " " in url:
        raise OutboundRefused(Trouble.BAD_ADDRESS)
    try:
        parts = urlsplit(url)
        port = parts.port or 443
    except ValueError as error:
        raise OutboundRefused(Trouble.BAD_ADDRESS) from error
    if parts.scheme != "https":
        raise OutboundRefused(Trouble.NOT_HTTPS)
    if not _is_plain(parts) or (port != 443 and port < 1024):
        raise OutboundRefused(Trouble.BAD_ADDRESS)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(parts.hostname or "", port, path)


def _is_plain(parts: SplitResult) -> bool:
    """A host and nothing that a reader could take for one. Backslashes fool some parsers."""
    text = parts.netloc + parts.path
    return bool(parts.hostname) and "@" not in parts.netloc and "\\" not in text


@dataclass(frozen=True)
class Fetcher:
    """`test_ca` is a file: with it, loopback is allowed and servers it vouches for are trusted. Never in production."""

    test_ca: Path | None = None

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Fetched:
        """Raises OutboundRefused. A redirect is an answer that is not followed, and a refusal."""
        target = target_of(url)
        end = time.monotonic() + SECONDS
        address = self._resolve(target, end)
        with _deadline(end) as clock:
            return self._ask(target, address, body, headers, clock)

    def _resolve(self, target: Target, end: float) -> str:
        """One address, asked for once. Every address of the name must be allowed: none is tried out."""
        found: list[str] = []

        def look() -> None:
            with contextlib.suppress(OSError, UnicodeError):
                infos = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
                found.extend(str(info[4][0]) for info in infos)

        asking = threading.Thread(target=look, daemon=True)
        asking.start()
        asking.join(max(0.0, end - time.monotonic()))
        addresses = list(found)
        if not addresses:
            raise OutboundRefused(Trouble.NO_SUCH_NAME)
        if not all(map(self._may_reach, addresses)):
            raise OutboundRefused(Trouble.INSIDE)
        return addresses[0]

    def _may_reach(self, address: str) -> bool:
        if self.test_ca is not None and address in ("127.0.0.1", "::1"):
            return True
        return is_outside(address)

    def _ask(
        self,
        target: Target,
        address: str,
        body: bytes,
        headers: Mapping[str, str],
        clock: "_Clock",
    ) -> Fetched:
        connection = _Pinned(target, address, self._context(), clock)
        try:
            connection.request("POST", target.path, body, dict(headers))
            response = connection.getresponse()
            content = response.read(BYTES + 1)
        except OutboundRefused:
            raise
        except Exception as error:
            raise OutboundRefused(_trouble(error, clock)) from error
        finally:
            connection.close()
        if len(content) > BYTES:
            raise OutboundRefused(Trouble.TOO_LARGE)
        if 300 <= response.status < 400:
            raise OutboundRefused(Trouble.REDIRECT)
        return Fetched(response.status, content)

    def _context(self) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=self.test_ca)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        return context


def _trouble(error: Exception, clock: "_Clock") -> Trouble:
    if clock.over or isinstance(error, TimeoutError):
        return Trouble.TIMEOUT
    if isinstance(error, ssl.SSLCertVerificationError):
        return Trouble.BAD_CERTIFICATE
    if isinstance(error, OSError):
        return Trouble.NO_CONNECTION
    return Trouble.NO_HTTP


class _Clock:
    """Cuts the line at the end, however slowly the other side drips."""

    def __init__(self, end: float) -> None:
        self.end = end
        self.over = False
        self.line: socket.socket | None = None

    @property
    def left(self) -> float:
        return max(0.01, self.end - time.monotonic())

    def cut(self) -> None:
        self.over = True
        if self.line is not None:
            with contextlib.suppress(OSError):
                self.line.shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def _deadline(end: float) -> Iterator[_Clock]:
    clock = _Clock(end)
    timer = threading.Timer(clock.left, clock.cut)
    timer.daemon = True
    timer.start()
    try:
        yield clock
    finally:
        timer.cancel()


class _Pinned(http.client.HTTPConnection):
    """Goes to one address, and asks for the certificate of the name."""

    default_port = 443

    def __init__(
        self, target: Target, address: str, context: ssl.SSLContext, clock: _Clock
    ) -> None:
        super().__init__(target.host, target.port, timeout=clock.left)
        self._address, self._context, self._clock = address, context, clock

    def connect(self) -> None:
        line = socket.create_connection((self._address, self.port), self._clock.left)
        self._clock.line = line
        line.settimeout(self._clock.left)
        self.sock = self._context.wrap_socket(line, server_hostname=self.host)
        self._clock.line = self.sock
