"""Signed requests to the hub. Writes the outbound log before a byte leaves; turns every problem into a named fault."""

import secrets
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import httpx
from pydantic import ValidationError

from worker.protocol import messages
from worker.protocol.canonical import canonical, digest
from worker.protocol.codes import TransferKind
from worker.protocol.signatures import PrivateKey, request_bytes
from worker.protocol.text import _
from worker.site import unreachable
from worker.site.bandwidth import Bandwidth
from worker.site.faults import (
    HubUnavailable,
    Refused,
    SiteFault,
)
from worker.site.home import Home, SiteConfig
from worker.site.problems import fault_of
from worker.site.sent import OutboundLog

PREFIX = "/site/v1"
_READ_S = 20.0
_JSON = "application/json"


@dataclass(frozen=True)
class About:
    """What a request is, for the outbound log."""

    kind: TransferKind
    reason: str
    job: str | None = None
    run: str | None = None
    offset: int | None = None


_POLL = About(TransferKind.HELLO, "claim")


class Line:
    """One HTTP connection pool to one hub, unsigned: enough to join. Threads may share it."""

    def __init__(self, config: SiteConfig) -> None:
        self.url = _checked(config.hub)
        loopback = is_loopback(self.url)
        self._http = httpx.Client(
            base_url=self.url,
            timeout=httpx.Timeout(_READ_S, connect=10.0),
            # A proxy of the environment cannot reach this machine's loopback.
            trust_env=not loopback,
            verify=_trust(config),
            follow_redirects=False,
        )
        self.bandwidth = Bandwidth(config.bandwidth_kib_s)

    def send(self, request: httpx.Request, *, stream: bool = False) -> httpx.Response:
        """Raises HubUnavailable when nothing came back, another HubFault for a problem."""
        try:
            response = self._http.send(request, stream=stream)
        except httpx.TransportError as error:
            raise HubUnavailable(unreachable.sentence(self.url, error)) from error
        if response.status_code >= 300:
            try:
                response.read()
            except httpx.TransportError:
                raise fault_of(response.status_code, {}, response.headers, self.url) from None
            raise fault_of(response.status_code, _problem(response), response.headers, self.url)
        return response

    def request(
        self,
        method: str,
        path: str,
        body: bytes,
        headers: dict[str, str],
        read_s: float = _READ_S,
    ) -> httpx.Request:
        return self._http.build_request(
            method,
            PREFIX + path,
            content=body,
            headers=headers,
            timeout=httpx.Timeout(read_s, connect=10.0, write=60.0),
        )

    def close(self) -> None:
        self._http.close()


class SignedLine:
    """A `Line` of an enrolled site. `key` gives the one in force: it may change between two requests."""

    def __init__(
        self,
        line: Line,
        site: str,
        key: Callable[[], PrivateKey],
        log: OutboundLog,
        answered: Path | None = None,
    ) -> None:
        self.line = line
        self.site = site
        self._key = key
        self._log = log
        self._answered = answered

    def post(
        self, path: str, message: messages._Message | None, about: About, *, read_s: float = _READ_S
    ) -> bytes:
        """The answer's bytes; empty for 204."""
        body = canonical(message) if message is not None else b""
        return self._once_more("POST", path, body, about, _JSON, read_s).content

    def put(self, path: str, body: bytes, about: About) -> bytes:
        self.line.bandwidth.spend(len(body))
        kind = "application/octet-stream"
        return self._once_more("PUT", path, body, about, kind, 60.0).content

    @contextmanager
    def stream(self, path: str, about: About, *, start: int = 0) -> Iterator[httpx.Response]:
        """A download from byte `start`. Raises HubUnavailable when it breaks off."""
        extra = {"Range": f"bytes={start}-"} if start else {}
        response = self._send("GET", path, b"", about, extra, _READ_S, stream=True)
        try:
            yield response
        except httpx.TransportError as error:
            raise HubUnavailable(
                _("The download broke off; it goes on where it stopped.")
            ) from error
        finally:
            response.close()

    def _once_more(
        self, method: str, path: str, body: bytes, about: About, kind: str, read_s: float
    ) -> httpx.Response:
        """Asks again at once if a kept-alive connection was closed under it, or the key changed on its way.

        Every request may be repeated.
        """
        headers, signed_by = {"Content-Type": kind}, self._key()
        try:
            return self._send(method, path, body, about, headers, read_s)
        except HubUnavailable as error:
            if not isinstance(error.__cause__, httpx.RemoteProtocolError):
                raise
        except Refused as error:
            if error.code != "bad-signature" or self._key() is signed_by:
                raise
        return self._send(method, path, body, about, headers, read_s)

    def _send(
        self,
        method: str,
        path: str,
        body: bytes,
        about: About,
        headers: dict[str, str],
        read_s: float,
        *,
        stream: bool = False,
    ) -> httpx.Response:
        request = self.line.request(method, path, body, headers, read_s)
        body_digest = digest(body)
        request.headers.update(self._signature(request, body_digest))
        if about is not _POLL:
            # JSON is text, and the log keeps it; the bytes of an update lie in the outbox already.
            json = body.decode() if body and headers.get("Content-Type") == _JSON else None
            place = (about.job, about.run, json, about.offset)
            self._log.note(about.kind, len(body), body_digest, about.reason, *place)
        response = self.line.send(request, stream=stream)
        self._note_answer()
        return response

    def _note_answer(self) -> None:
        """When the hub last took a request, for the people here: the time of a file."""
        if self._answered is not None:
            with suppress(OSError):
                self._answered.touch(mode=0o600)

    def _signature(self, request: httpx.Request, body_digest: str) -> dict[str, str]:
        at, nonce = str(int(time.time())), secrets.token_urlsafe(18)
        path = request.url.raw_path.decode("ascii")
        signed = request_bytes(self.site, request.method, path, at, nonce, body_digest)
        return {
            messages.HEADER_SITE: self.site,
            messages.HEADER_TIME: at,
            messages.HEADER_NONCE: nonce,
            messages.HEADER_DIGEST: body_digest,
            messages.HEADER_SIGNATURE: self._key().sign(signed),
        }

    def close(self) -> None:
        self.line.close()


def connect(home: Home) -> SignedLine:
    """The line of the site in this folder. Raises NotJoined."""
    identity, config = home.identity(), home.config()
    home.keys()
    log = OutboundLog(home.sent)
    return SignedLine(
        Line(config), identity.site, lambda: home.keys().signing, log, home.hub_answered
    )


def poll_about() -> About:
    """Waiting for work, which the outbound log does not list."""
    return _POLL


def _checked(url: str) -> str:
    fault = SiteFault(
        _("The hub's address must begin with https://, for example https://hub.example.org.")
    )
    try:
        parts = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise fault from error
    if not parts.host:
        raise fault
    if parts.scheme == "https" or (parts.scheme == "http" and is_loopback(url)):
        if parts.userinfo:
            raise SiteFault(_("The hub's address carries a password. Leave it out."))
        return f"{parts.scheme}://{parts.netloc.decode('ascii')}"
    raise fault


def is_loopback(url: str) -> bool:
    host = httpx.URL(url).host
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _trust(config: SiteConfig) -> ssl.SSLContext | bool:
    if config.ca_file is None:
        return True
    try:
        return ssl.create_default_context(cafile=str(config.ca_file))
    except (OSError, ssl.SSLError) as error:
        raise SiteFault(
            _(
                "The file {file} holds no certificates that can be read. It must be a PEM file: ca_file in site.yaml, "
                "or --ca-file."
            ).format(file=config.ca_file)
        ) from error


def _problem(response: httpx.Response) -> dict[str, Any]:
    """What the hub said; empty for a page of something in between, such as a school's proxy."""
    try:
        return messages.Problem.model_validate_json(response.content).model_dump()
    except ValidationError:
        return {}
