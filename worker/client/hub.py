"""The hub as this program meets it: an address, a token, JSON, and sentences when something is refused."""

import os
import stat
from collections.abc import Iterator
from enum import IntEnum
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from worker.protocol.text import _

API = "/api/v1"
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_SECONDS = 60.0


class Exit(IntEnum):
    """What the program ends with."""

    FINE = 0
    REFUSED = 1
    USAGE = 2
    NOT_ALLOWED = 3
    NOT_FOUND = 4
    AWAY = 5
    ENDED_BADLY = 6
    """`runs watch`: the run failed or was cancelled."""


class Refused(Exception):
    """`str()` is what to tell; `code` is what to end with."""

    def __init__(self, sentence: str, code: Exit) -> None:
        super().__init__(sentence)
        self.code = code


class Hub:
    """One caller. Every method raises Refused."""

    def __init__(self, url: str, token: str, language: str) -> None:
        _safe(url)
        headers = {"Authorization": f"Bearer {token}", "Accept-Language": language}
        self._http = httpx.Client(
            base_url=url.rstrip("/"), headers=headers, timeout=_SECONDS, follow_redirects=False
        )

    def get(self, path: str, **query: Any) -> Any:
        return self._ask("GET", path, params=_given(query)).json()

    def save(self, path: str, file: Path) -> int:
        """Writes what the hub sends as it comes; how many lines it has. A file cut short is taken away."""
        lines = 0
        try:
            with self._http.stream("GET", API + path) as answer, file.open("wb") as out:
                if not answer.is_success:
                    answer.read()
                    raise Refused(_sentence(answer), _exit(answer.status_code))
                for piece in answer.iter_bytes():
                    lines += piece.count(b"\n")
                    out.write(piece)
        except httpx.HTTPError as error:
            file.unlink(missing_ok=True)
            raise _away(error) from error
        except Refused:
            file.unlink(missing_ok=True)
            raise
        return lines

    def post(self, path: str, body: Any, key: str) -> Any:
        """`key`: the Idempotency-Key, so that the network may fail and the act still happens once."""
        return self._ask("POST", path, json=body, headers={"Idempotency-Key": key}).json()

    def every(self, path: str, most: int, **query: Any) -> Iterator[dict[str, Any]]:
        """The items of a list, page by page, at most `most`."""
        after = None
        while most > 0:
            page = self.get(path, after=after, limit=min(most, 200), **query)
            yield from page["items"]
            most -= len(page["items"])
            after = page["next"]
            if after is None:
                return

    def _ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        try:
            answer = self._http.request(method, API + path, **more)
        except httpx.HTTPError as error:
            raise _away(error) from error
        if not answer.is_success:
            raise Refused(_sentence(answer), _exit(answer.status_code))
        return answer

    def close(self) -> None:
        self._http.close()


def _away(error: httpx.HTTPError) -> Refused:
    sentence = _("The hub does not answer ({why}). Check the address and the network.")
    return Refused(sentence.format(why=type(error).__name__), Exit.AWAY)


def _given(query: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in query.items() if value is not None}


def _safe(url: str) -> None:
    """A token goes over TLS, or stays on this computer."""
    parts = urlsplit(url)
    if parts.scheme != "https" and not (
        parts.scheme == "http" and (parts.hostname or "") in _LOOPBACK
    ):
        raise Refused(_("The hub’s address must begin with https://."), Exit.USAGE)


def _exit(status: int) -> Exit:
    if status in (401, 403):
        return Exit.NOT_ALLOWED
    if status == 404:
        return Exit.NOT_FOUND
    return Exit.AWAY if status in (502, 503, 504) else Exit.REFUSED


def _sentence(answer: httpx.Response) -> str:
    """The hub's own, and one line for each field it names."""
    try:
        problem = answer.json()
        lines = [str(problem["detail"])]
        lines += [f"  {e['field']}: {e['message']}" for e in problem["errors"] if "message" in e]
    except (ValueError, KeyError, TypeError):
        said = _("The hub answered {status}, and not as a Collegium hub does. Check the address.")
        return said.format(status=answer.status_code)
    wait = answer.headers.get("Retry-After")
    if wait:
        lines.append(_("Try again in {seconds} seconds.").format(seconds=wait))
    return "\n".join(lines)


def read_token(file: Path | None) -> str:
    """From COLLEGIUM_TOKEN, else from a file that only its owner can read. Raises Refused."""
    given = os.environ.get("COLLEGIUM_TOKEN", "").strip()
    if given and file is None:
        return given
    if file is None:
        raise Refused(
            _("Set COLLEGIUM_TOKEN, or name a file with the token: --token-file."), Exit.USAGE
        )
    try:
        if file.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            said = _("Others can read {file}. Say: chmod 600 {file}")
            raise Refused(said.format(file=file), Exit.USAGE)
        return file.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        said = _("{file} cannot be read as a token.")
        raise Refused(said.format(file=file), Exit.USAGE) from error
