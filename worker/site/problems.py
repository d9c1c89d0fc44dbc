"""What the hub's refusal means here: every problem becomes a named fault with a sentence for the person at the site."""

from typing import Any

import httpx

from worker.protocol.text import _
from worker.site.faults import (
    ClockOff,
    HubFault,
    HubUnavailable,
    Refused,
    Revoked,
    StaleClaim,
    Withdrawn,
    WrongOffset,
)

_UNAVAILABLE = frozenset({408, 425, 429})


def fault_of(status: int, problem: dict[str, Any], headers: httpx.Headers, url: str) -> HubFault:
    """The named fault of a problem."""
    code = str(problem.get("code", ""))
    said = str(problem.get("detail") or problem.get("title") or "")
    if status >= 500 or status in _UNAVAILABLE:
        wait = headers.get("Retry-After", "")
        sentence = said or _("The hub is busy or restarting (status {status}).").format(
            status=status
        )
        after = float(wait) if wait.isdecimal() else 0.0
        return HubUnavailable(sentence, retry_after=after, status=status)
    if status == 401 and code == "revoked":
        return Revoked(
            _("This site was revoked at {url}. Ask an administrator of your institution.").format(
                url=url
            ),
            code=code,
            status=status,
        )
    sentence = said or _(
        "{url} answered with status {status} and no reason. Is something in between, such as a proxy?"
    ).format(url=url, status=status)
    if code == "wrong-offset":
        return WrongOffset(sentence, _offset(problem))
    kind = _KINDS.get((status, code), Refused)
    return kind(sentence, code=code, status=status)


_KINDS: dict[tuple[int, str], type[HubFault]] = {
    (401, "clock"): ClockOff,
    (409, "stale-claim"): StaleClaim,
    (409, "withdrawn"): Withdrawn,
}


def _offset(problem: dict[str, Any]) -> int:
    for entry in problem.get("errors", []):
        if isinstance(entry.get("offset"), int):
            return int(entry["offset"])
    return 0
