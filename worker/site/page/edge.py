"""What every request passes: where it may come from, its language, what its answer must say to the browser.

`Host` is checked on every request, so that no name of another owner can be pointed at this page (DNS rebinding);
an unsafe request must come from this page itself, and carries the session's token besides (`worker.site.page.visit`).
"""

from collections.abc import Iterable
from http.cookies import CookieError, SimpleCookie

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from worker.protocol.text import LOCALES, _, use_locale
from worker.site.page import render
from worker.site.page.faults import Refused, WrongHost

SAFE = frozenset({"GET", "HEAD"})
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


class Edge:
    def __init__(self, app: ASGIApp, port: int) -> None:
        self.app = app
        self.hosts = frozenset(f"{name}:{port}" for name in ("127.0.0.1", "localhost", "[::1]"))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        headers = Headers(scope=scope)
        _speak(headers)
        answer = _Answer(scope, send)
        try:
            self._admit(scope, headers)
        except (WrongHost, Refused) as fault:
            await render.fault(Request(scope), fault)(scope, receive, answer.send)
        else:
            await self.app(scope, receive, answer.send)

    def _admit(self, scope: Scope, headers: Headers) -> None:
        """Raises WrongHost, Refused."""
        hosts = headers.getlist("host")
        if len(hosts) != 1 or hosts[0] not in self.hosts:
            raise WrongHost(_("Open the link that “collegium-site page” prints."))
        if scope["method"] in SAFE:
            return
        fetched, origin = headers.get("sec-fetch-site"), headers.get("origin")
        foreign = fetched not in (None, "same-origin") or origin not in (None, f"http://{hosts[0]}")
        if foreign or (fetched is None and origin is None):
            raise Refused(_("This form was not sent from this page. Open the page again."))


class _Answer:
    """Adds the headers on the way out."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self._static = str(scope["path"]).startswith("/static/")
        self._send = send

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in self._headers():
                headers.setdefault(name, value)
        await self._send(message)

    def _headers(self) -> Iterable[tuple[str, str]]:
        yield "Content-Security-Policy", CSP
        yield "X-Content-Type-Options", "nosniff"
        yield "X-Frame-Options", "DENY"
        yield "Referrer-Policy", "same-origin"
        yield "Cross-Origin-Opener-Policy", "same-origin"
        yield "Cross-Origin-Resource-Policy", "same-origin"
        yield "Permissions-Policy", "camera=(), geolocation=(), microphone=()"
        if not self._static:
            yield "Cache-Control", "no-store"
            yield "Vary", "HX-Request, Cookie, Accept-Language"


def _speak(headers: Headers) -> None:
    """The language of this request: the reader's choice, else the browser's wish."""
    try:
        cookies = SimpleCookie(headers.get("cookie", ""))
    except CookieError:
        cookies = SimpleCookie()
    wanted = cookies["collegium-locale"].value if "collegium-locale" in cookies else ""
    wishes = (w.split(";")[0].strip()[:2] for w in headers.get("accept-language", "").split(","))
    use_locale(wanted if wanted in LOCALES else next((w for w in wishes if w in LOCALES), "en"))
