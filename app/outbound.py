"""The one way the hub asks a server that somebody else named: webhooks today.

https only; the name is resolved once and the connection goes to that very address; no address inside a network; no
redirect; 10 seconds and 1 MB for everything. What came back is for the caller's code, never for a page.
"""

import contextlib
import http.client
import ipaddress
import re
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import SplitResult, urlsplit

from app.dns import DnsAway, addresses
from app.settings import Settings

SECONDS = 10.0
BYTES = 1 << 20
LONGEST_URL = 500
PORT = 443
LOWEST_PORT = 1024
"""Below it only 443: no mail server, no shell, no print server is ever spoken to."""
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
    """`trouble` says why. `status` where there was an answer all the same."""

    def __init__(self, trouble: Trouble, status: int | None = None) -> None:
        super().__init__(trouble.value)
        self.trouble, self.status = trouble, status


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
        "100.64.0.0/10",  # carrier-grade NAT; some clouds' metadata
        "168.63.129.16/32",  # Azure's metadata, at a public address
        "192.0.0.0/24",  # protocol assignments; Oracle's metadata
        "192.88.99.0/24",  # 6to4 relays
        "::/96",  # IPv4-compatible
        "::ffff:0:0/96",  # IPv4-mapped
        "::ffff:0:0:0/96",  # IPv4-translated
        "64:ff9b::/96",  # NAT64
        "64:ff9b:1::/48",
        "2001::/23",  # Teredo, ORCHID and other protocols
        "2002::/16",  # 6to4
        "3fff::/20",  # documentation
        "5f00::/16",  # segment routing
        "fec0::/10",  # site-local
    )
)
_GLOBAL_V6 = ipaddress.IPv6Network("2000::/3")
_ISATAP = 0x5EFE
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)\Z")
_NUMBER = re.compile(r"(?:[0-9]+|0x[0-9a-f]*)\Z")
"""What some resolvers take for a part of an IPv4 address."""


def is_outside(address: str) -> bool:
    """Whether this address is of the public internet, and carries no other address inside."""
    try:
        found: _Address = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Address):
        if found.scope_id is not None or found not in _GLOBAL_V6:
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
        port = PORT if parts.port is None else parts.port
    except ValueError as error:
        raise OutboundRefused(Trouble.BAD_ADDRESS) from error
    if parts.scheme != "https":
        raise OutboundRefused(Trouble.NOT_HTTPS)
    if not _is_plain(parts) or (port != PORT and port < LOWEST_PORT):
        raise OutboundRefused(Trouble.BAD_ADDRESS)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(parts.hostname or "", port, path)


def _is_plain(parts: SplitResult) -> bool:
    """A host and nothing that a reader could take for one. Backslashes fool some parsers."""
    text = parts.netloc + parts.path
    if "@" in parts.netloc or "\\" in text or "%" in parts.netloc or not parts.hostname:
        return False
    if _literal(parts.hostname) is not None:
        return True
    return "[" not in parts.netloc and _is_name(parts.hostname)


def _is_name(host: str) -> bool:
    """Labels, of which the last is no number: else it is an address in a spelling that others read otherwise."""
    labels = host.split(".")
    return len(host) <= 253 and all(map(_LABEL.match, labels)) and not _NUMBER.match(labels[-1])


def _literal(host: str) -> str | None:
    """An address as it is usually written, or None."""
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        return None


@dataclass(frozen=True)
class Fetcher:
    """Asks name servers as the settings say. Outside production they may name servers on loopback for tests."""

    settings: Settings

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Fetched:
        """Raises OutboundRefused. A redirect is an answer that is not followed, and a refusal."""
        target = target_of(url)
        end = time.monotonic() + SECONDS
        address = self._resolve(target)
        with _deadline(end) as clock:
            return self._ask(target, address, body, headers, clock)

    def _resolve(self, target: Target) -> str:
        """One address, asked for once. Every address of the name must be allowed: none is tried out."""
        if f"{target.host}:{target.port}" in self._test_targets:
            return "127.0.0.1"
        literal = _literal(target.host)
        try:
            found = (literal,) if literal else addresses(self.settings, target.host)
        except DnsAway as error:
            raise OutboundRefused(Trouble.NO_SUCH_NAME) from error
        if not found:
            raise OutboundRefused(Trouble.NO_SUCH_NAME)
        if not all(map(is_outside, found)):
            raise OutboundRefused(Trouble.INSIDE)
        return found[0]

    @property
    def _test_targets(self) -> frozenset[str]:
        if self.settings.environment == "production":
            return frozenset()
        return frozenset(t.strip() for t in self.settings.outbound_test_targets.split(","))

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
            connection.request("POST", target.path, body, {**headers, "Connection": "close"})
            response = connection.getresponse()
            content = response.read(BYTES + 1)
        except Exception as error:
            raise OutboundRefused(_trouble(error, clock)) from error
        finally:
            connection.close()
        if clock.over:
            raise OutboundRefused(Trouble.TIMEOUT, response.status)
        if len(content) > BYTES:
            raise OutboundRefused(Trouble.TOO_LARGE, response.status)
        if 300 <= response.status < 400:
            raise OutboundRefused(Trouble.REDIRECT, response.status)
        return Fetched(response.status, content)

    def _context(self) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=self.settings.outbound_test_ca or None)
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
                # The plain call: TLS's own would end the encryption under the thread that reads.
                socket.socket.shutdown(self.line, socket.SHUT_RDWR)


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

    default_port = PORT

    def __init__(
        self, target: Target, address: str, context: ssl.SSLContext, clock: _Clock
    ) -> None:
        super().__init__(target.host, target.port, timeout=clock.left)
        self._address, self._context, self._clock = address, context, clock

    def connect(self) -> None:
        line = socket.create_connection((self._address, self.port), self._clock.left)
        line.settimeout(self._clock.left)
        # The handshake comes after the clock knows the line: it can be dripped too.
        self.sock = self._context.wrap_socket(
            line, server_hostname=self.host, do_handshake_on_connect=False
        )
        self._clock.line = self.sock
        if self._clock.over:
            raise TimeoutError
        self.sock.do_handshake()
