"""Signing in as a person does: mail address and password, then the six digits."""

import re
from http.cookies import SimpleCookie

import httpx
import pyotp
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.clock import now
from app.people import second_factor as factors
from app.settings import Settings
from tests.cast import PASSWORD

_CSRF = re.compile(r'<meta name="csrf" content="([^"]*)">')


def code(secret: str) -> str:
    """The six digits of now, by the hub's clock."""
    return pyotp.TOTP(secret).at(int(now().timestamp()))


def second_factor(session: Session, settings: Settings, who: Actor) -> str:
    """Set up by the services. Returns the secret."""
    offer = factors.start_totp(session, settings, who)
    if not factors.confirm_totp(session, settings, who, offer.sealed, code(offer.secret)):
        raise RuntimeError("the hub's clock and ours differ")
    return offer.secret


class Browser:
    """Speaks to the web process as the proxy does; cookies that are for https only are carried by hand."""

    def __init__(self, settings: Settings, port: int) -> None:
        self.address = f"http://127.0.0.1:{port}"
        self.headers = {"Origin": settings.public_url, "Accept": "text/html"}

    def answers(self) -> bool:
        try:
            return httpx.get(f"{self.address}/health/ready", timeout=5).status_code == 200
        except httpx.TransportError:
            return False

    def sign_in(self, who: Actor, secrets: dict[str, tuple[str, str]]) -> str:
        """The `Cookie` header of a session with its second factor. Raises RuntimeError."""
        mail, secret = secrets[who.person]
        cookies: dict[str, str] = {}
        token = self._token("/sign-in", cookies)
        self._send("/sign-in", cookies, csrf=token, email=mail, password=PASSWORD)
        token = self._token("/sign-in/code", cookies)
        self._send("/sign-in/code", cookies, csrf=token, code=code(secret))
        return _header(cookies)

    def _token(self, path: str, cookies: dict[str, str]) -> str:
        answer = httpx.get(self.address + path, headers=self._headers(cookies), timeout=30)
        _keep(cookies, answer)
        found = _CSRF.search(answer.text)
        if found is None:
            raise RuntimeError(f"{path} answered {answer.status_code} without a form")
        return found.group(1)

    def _send(self, path: str, cookies: dict[str, str], **fields: str) -> None:
        answer = httpx.post(
            self.address + path, data=fields, headers=self._headers(cookies), timeout=30
        )
        _keep(cookies, answer)
        if answer.status_code != 303:
            raise RuntimeError(f"{path} answered {answer.status_code}")

    def _headers(self, cookies: dict[str, str]) -> dict[str, str]:
        return self.headers | ({"Cookie": _header(cookies)} if cookies else {})


def _header(cookies: dict[str, str]) -> str:
    return "; ".join(f"{name}={value}" for name, value in cookies.items())


def _keep(cookies: dict[str, str], answer: httpx.Response) -> None:
    for line in answer.headers.get_list("set-cookie"):
        for name, morsel in SimpleCookie(line).items():
            cookies[name] = morsel.value
