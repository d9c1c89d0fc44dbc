"""Joining: keys are made here, the hub's key is pinned, six words are shown, the policy is read and accepted."""

import hmac
import json
import time
from collections.abc import Callable

from pydantic import ValidationError

from worker.protocol.messages import ApprovedPolicy, Hello, JoinAnswer, JoinRequest
from worker.protocol.signatures import BadSignature, PublicKey, six_words
from worker.protocol.text import _
from worker.site import accepted
from worker.site.client import Line
from worker.site.door import Door
from worker.site.faults import HubUnavailable, Refused, SiteFault
from worker.site.home import Home, SiteConfig, software

_POLL_S = 2.0


def fingerprint_of(token: str) -> str:
    """The token ends with the fingerprint of the hub's key. Raises SiteFault for anything else."""
    secret, _dot, fingerprint = token.partition(".")
    if not secret.startswith("cst_") or len(fingerprint) != 32:
        raise SiteFault(
            _("This is no enrolment token. Copy the whole command from the hub's page again.")
        )
    return fingerprint


def join(home: Home, config: SiteConfig, token: str) -> tuple[str, ...]:
    """Makes the keys, spends the token, pins the hub. Returns the six words to compare.

    Nothing is kept of a hub whose key does not fit the token. The same join again, its answer lost, goes on.
    """
    wanted = fingerprint_of(token)
    keys = home.key_file.make()
    public = keys.signing.public.text
    request = JoinRequest(
        token=token,
        key=public,
        signature=keys.signing.sign(f"collegium-join-1|{token}|{public}".encode()),
        software=software(),
    )
    answer = _ask(config, request)
    hub_key = _checked(answer, wanted)
    words = six_words(hub_key, keys.signing.public, answer.site)
    if words != answer.words:
        raise SiteFault(
            _("The hub shows other words than this site. Do not go on; tell your administrator.")
        )
    home.save_config(config)
    home.save_identity(answer)
    return words


def _ask(config: SiteConfig, request: JoinRequest) -> JoinAnswer:
    line = Line(config)
    try:
        body = json.dumps(request.model_dump()).encode()
        headers = {"Content-Type": "application/json"}
        response = line.send(line.request("POST", "/join", body, headers))
        return JoinAnswer.model_validate_json(response.content)
    except ValidationError as error:
        raise Refused(_("There is no Collegium hub at {url}.").format(url=line.url)) from error
    finally:
        line.close()


def _checked(answer: JoinAnswer, fingerprint: str) -> PublicKey:
    fault = SiteFault(
        _("This hub's key is not the one the token names. Someone may be in between: do not go on.")
    )
    try:
        key = PublicKey(answer.hub_key)
    except BadSignature as error:
        raise fault from error
    if not hmac.compare_digest(key.fingerprint, fingerprint):
        raise fault
    return key


def words(home: Home) -> tuple[str, ...]:
    """The six words of a joined site."""
    identity = home.identity()
    return six_words(identity.hub_key, home.keys().signing.public, identity.site)


def wait_for_confirmation(
    door: Door, seconds: float, tick: Callable[[], None] = lambda: None
) -> Hello | None:
    """The hub's hello once a person confirmed the words there; None when the time is over.

    A hub that is away meanwhile is asked again; HubUnavailable only if it is at the end.
    """
    end = time.monotonic() + seconds
    while True:
        over = time.monotonic() >= end
        try:
            said = door.hello()
        except HubUnavailable:
            if over:
                raise
        else:
            if said.state == "ready":
                return said
            if over:
                return None
        tick()
        time.sleep(_POLL_S)


def offered(home: Home, said: Hello) -> ApprovedPolicy | None:
    """The policy the hub offers, if the key pinned at enrolment sealed it. Raises SiteFault for any other."""
    if said.policy_offered is None:
        return None
    try:
        content = home.identity().hub_key.open(said.policy_offered)
    except BadSignature as error:
        raise SiteFault(
            _(
                "The policy that came is not signed by this site's hub. Something lies in between: accept nothing, and "
                "tell your administrator."
            )
        ) from error
    try:
        return ApprovedPolicy.model_validate_json(content)
    except ValidationError as error:
        where = ".".join(str(part) for part in error.errors()[0]["loc"])
        raise SiteFault(
            _(
                "The policy that came says something that this version cannot read: {field}. Install the newest "
                "version of this program, then look again."
            ).format(field=where)
        ) from error


def newest(home: Home, door: Door) -> ApprovedPolicy:
    """Asks the hub for the policy to accept. Raises SiteFault where it offers none, HubFault where it is away."""
    said = door.hello()
    if said.state != "ready":
        raise SiteFault(_("Nobody has confirmed the six words yet: do that in the browser first."))
    found = offered(home, said)
    if found is None:
        raise SiteFault(_("Your institution has no approved policy yet."))
    return found


def accept(home: Home, door: Door, policy: ApprovedPolicy, *, named: str) -> None:
    """A person here said yes to the policy with the digest `named`. Raises SiteFault if it is not this one.

    The hub is told first, so that it never shows less than what is in force.
    """
    if named != policy.digest:
        raise SiteFault(_("The hub offers another policy than the one named. Nothing is accepted."))
    here = _here(home)
    if here is not None and policy.version < here.version:
        raise SiteFault(_("A newer version is in force here. An older one is not accepted."))
    if here is not None and policy.version == here.version and policy.digest != here.digest:
        raise SiteFault(
            _(
                "The hub offers other words for the version that is in force here. Accept nothing, and tell your "
                "administrator."
            )
        )
    signed = accepted.seal(home, policy)
    door.accept_policy(signed)
    accepted.store(home, policy, signed)


def _here(home: Home) -> accepted.AcceptedPolicy | None:
    """A damaged one counts as none, and is put right by accepting again."""
    try:
        return accepted.current(home)
    except SiteFault:
        return None
