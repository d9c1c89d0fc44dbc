"""What every request passes: its id, its language, where it may come from, what its answer must say to the browser.

Pure ASGI, so that long polls and event streams pass untouched. The CSRF token is checked where forms are read
(`app.web.visit`); here stands the other half: an unsafe request must come from our own pages.
"""

import logging
import time
import uuid
from collections.abc import Iterable
from http.cookies import SimpleCookie
from urllib.parse import unquote, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.errors import HubError
from app.settings import Settings
from app.text import LOCALES, _, use_locale
from app.web import problems
from app.web.moments import use_zone

log = logging.getLogger("collegium.http")

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
DOORS = ("/api/", "/site/", "/health/")
"""Bearer tokens and signatures prove these requests; probes prove nothing. None reads a cookie."""
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


class ForeignOrigin(HubError):
    status = 403
    code = "foreign-origin"


class WrongHost(HubError):
    status = 421
    code = "wrong-host"


class Edge:
    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app = app
        self.settings = settings
        public = urlsplit(settings.public_url)
        self.origin = f"{public.scheme}://{public.netloc}"
        self.host = public.hostname or ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        answer = _Answer(scope, send, self.settings.https)
        _speak(Headers(scope=scope))
        try:
            self._admit(scope)
            await self.app(scope, receive, answer.send)
        except HubError as error:
            await problems.answer(Request(scope, receive), error)(scope, receive, answer.send)
        except Exception:
            log.exception("unexpected", extra={"request": answer.id, "path": scope["path"]})
            if answer.status:
                raise
            await problems.unexpected(Request(scope, receive))(scope, receive, answer.send)
        finally:
            answer.write_line()

    def _admit(self, scope: Scope) -> None:
        """Raises WrongHost or ForeignOrigin. Links come from the settings, so a strange Host is never needed."""
        if str(scope["path"]).startswith(DOORS):
            return
        headers = Headers(scope=scope)
        named = urlsplit(f"//{headers.get('host', '')}").hostname or ""
        if named != self.host and not (self.host in LOOPBACK and named in LOOPBACK):
            raise WrongHost(_("This hub lives at {url}.").format(url=self.settings.public_url))
        if scope["method"] in SAFE:
            return
        fetched = headers.get("sec-fetch-site")
        own = fetched == "same-origin" if fetched else headers.get("origin") == self.origin
        if not own:
            raise ForeignOrigin(_("This form was not sent from our own page. Open it here again."))


class _Answer:
    """Adds the headers on the way out and remembers what the log line needs."""

    def __init__(self, scope: Scope, send: Send, https: bool) -> None:
        self.scope = scope
        self._send = send
        self._https = https
        self.id = uuid.uuid4().hex[:16]
        self.status = 0
        self.begun = time.perf_counter()
        scope.setdefault("state", {})["request_id"] = self.id

    @property
    def ms(self) -> float:
        return round((time.perf_counter() - self.begun) * 1000, 1)

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            for name, value in self._headers():
                headers.setdefault(name, value)
            headers["Server-Timing"] = f"app;dur={self.ms}"
        await self._send(message)

    def _headers(self) -> Iterable[tuple[str, str]]:
        yield "X-Request-Id", self.id
        yield "Content-Security-Policy", CSP
        yield "X-Content-Type-Options", "nosniff"
        yield "X-Frame-Options", "DENY"
        yield "Referrer-Policy", "same-origin"
        yield "Cross-Origin-Opener-Policy", "same-origin"
        yield "Permissions-Policy", "camera=(), geolocation=(), microphone=()"
        if not str(self.scope["path"]).startswith("/static/"):
            yield "Cache-Control", "no-store"
            yield "Vary", "HX-Request, Cookie, Accept-Language"
        if spent := self.scope["state"].get("spent"):
            yield from spent.headers.items()
        if self._https:
            yield "Strict-Transport-Security", "max-age=31536000; includeSubDomains"

    def write_line(self) -> None:
        state = self.scope.get("state", {})
        log.info(
            "request",
            extra={
                "request": self.id,
                "method": self.scope["method"],
                "path": _without_secrets(self.scope["path"]),
                "status": self.status,
                "ms": self.ms,
                "person": state.get("person", ""),
            },
        )


def _without_secrets(path: str) -> str:
    """Invitation and reset links carry their token in the path."""
    for secret in ("/invitations/", "/password/reset/"):
        if path.startswith(secret):
            return secret + "…"
    return path


def _speak(headers: Headers) -> None:
    """Language and time zone of this request, from the reader's cookies, else from the browser's wish."""
    cookies = SimpleCookie(headers.get("cookie", ""))
    wanted = cookies["collegium-locale"].value if "collegium-locale" in cookies else ""
    if wanted not in LOCALES:
        wishes = [
            w.split(";")[0].strip()[:2] for w in headers.get("accept-language", "").split(",")
        ]
        wanted = next((w for w in wishes if w in LOCALES), "en")
    use_locale(wanted)
    zone = cookies["collegium-zone"].value if "collegium-zone" in cookies else "UTC"
    use_zone(unquote(zone))
