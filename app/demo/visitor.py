"""A person at a browser: keeps cookies, follows redirects, and says plainly where a page refused."""

from collections.abc import Mapping
from urllib.parse import urljoin, urlsplit

import httpx

from app.demo.forms import Form, Page, read

_NOTHING: Mapping[str, str | list[str]] = {}
_HTML = {"Accept": "text/html", "Sec-Fetch-Site": "same-origin"}


class Refused(RuntimeError):
    """The hub said no to a step of the demo; the message holds the page's own words."""


class Visitor:
    """One signed-in person, or a stranger before signing in."""

    def __init__(self, base: str, name: str = "a stranger", password: str = "") -> None:
        self.base = base.rstrip("/")
        self.name = name
        self._password = password
        headers = {**_HTML, "Origin": self.base, "User-Agent": "Collegium demo"}
        self._client = httpx.Client(
            base_url=self.base, headers=headers, follow_redirects=True, timeout=30, trust_env=False
        )

    def close(self) -> None:
        self._client.close()

    def open(self, path: str, *, refused: bool = False) -> Page:
        """A page. Raises Refused for an error page, unless `refused` says it is wanted."""
        return self._page(self._client.get(self._local(path)), refused)

    def send(self, page: Page, part: str, values: Mapping[str, str | list[str]] = _NOTHING) -> Page:
        """Fills in the form of `page` whose action contains `part`, and sends it. Raises Refused, NotOnPage."""
        return self.submit(page.url, page.form(part, values), values)

    def submit(self, url: str, form: Form, values: Mapping[str, str | list[str]]) -> Page:
        where = self._local(urljoin(url, form.action))
        pairs = form.filled(values)
        if form.method != "post":
            return self._page(self._client.get(where, params=dict(pairs)), False)
        answer = self._client.post(where, data=_grouped(pairs))
        page = self._page(answer, refused=answer.status_code == 403)
        return page if page.status < 400 else self._proven(page)

    def _proven(self, page: Page) -> Page:
        """The hub asks who it is, again: it carries what was sent and goes on with it. Else Refused."""
        if not any("/step-up" in form.action for form in page.forms) or not self._password:
            raise Refused(f"{self.name}: {page.url} answered {page.status}: {page.text[:500]}")
        form = page.form("/step-up")
        data = form.filled({"proof": self._password})
        return self._page(self._client.post("/step-up", data=_grouped(data)), False)

    def _local(self, address: str) -> str:
        """The path, also of an absolute link from a mail: the demo speaks to its own hub only."""
        parts = urlsplit(address)
        return parts.path + (f"?{parts.query}" if parts.query else "")

    def _page(self, answer: httpx.Response, refused: bool) -> Page:
        page = read(str(answer.url), answer.status_code, answer.text)
        if answer.status_code >= 400 and not refused:
            raise Refused(
                f"{self.name}: {answer.request.method} {answer.url.path} answered"
                f" {answer.status_code}: {page.text[:500]}"
            )
        return page


def _grouped(pairs: list[tuple[str, str]]) -> dict[str, list[str]]:
    data: dict[str, list[str]] = {}
    for name, value in pairs:
        data.setdefault(name, []).append(value)
    return data
