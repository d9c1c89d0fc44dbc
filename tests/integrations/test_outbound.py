"""The one way out: what it refuses before it connects, whom it believes, and when it stops reading."""

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from app import outbound
from app.outbound import Fetcher, OutboundRefused, Trouble, is_outside, target_of
from app.settings import Settings
from tests.integrations import hostile
from tests.integrations import receiver as receiving
from tests.integrations.receiver import HOST, Authority, Receiver
from tests.nameserver import Zone, nameserver

PUBLIC = "93.184.216.34"


def refused(fetcher: Fetcher, url: str) -> Trouble:
    with pytest.raises(OutboundRefused) as error:
        fetcher.post(url, b"{}", {})
    return error.value.trouble


@pytest.mark.parametrize("address", hostile.INSIDE)
def test_an_address_inside_is_no_address(address: str) -> None:
    assert not is_outside(address)


@pytest.mark.parametrize("address", hostile.OUTSIDE)
def test_an_address_outside_is_one(address: str) -> None:
    assert is_outside(address)


@pytest.mark.parametrize("url", hostile.NO_NAME)
def test_what_names_no_server_is_refused_before_anything_is_asked(
    url: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbound, "addresses", lambda *_: pytest.fail("asked"))
    assert refused(Fetcher(settings), url) is Trouble.BAD_ADDRESS


@pytest.mark.parametrize("url", hostile.NOT_HTTPS)
def test_only_https(url: str, settings: Settings) -> None:
    assert refused(Fetcher(settings), url) is Trouble.NOT_HTTPS


def test_what_is_left_of_an_address() -> None:
    assert target_of("https://Hooks.Example:8443/in?a=1#top") == outbound.Target(
        "hooks.example", 8443, "/in?a=1"
    )
    assert target_of("https://hooks.example").port == 443


# The address that was checked is the one that is connected to.


@pytest.fixture
def zone() -> Iterator[Zone]:
    with nameserver() as made:
        yield made


@pytest.fixture
def called(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """Where the fetcher connects to; nobody is there."""
    seen: list[tuple[str, int]] = []

    def connect(address: tuple[str, int], _timeout: float) -> socket.socket:
        seen.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(outbound.socket, "create_connection", connect)
    return seen


def resolving(settings: Settings, zone: Zone) -> Fetcher:
    return Fetcher(settings.model_copy(update={"dns_servers": zone.address}))


@pytest.mark.parametrize(
    "address", [a for a in hostile.INSIDE if a and "%" not in a and a[0] not in "l"]
)
def test_a_name_or_a_literal_that_leads_inside(
    address: str, settings: Settings, zone: Zone, called: list[tuple[str, int]]
) -> None:
    whole = ":" in address or (address.count(".") == 3 and not address.startswith("01"))
    if whole:
        zone.hosts["hooks.example"] = [[address]]
        assert refused(resolving(settings, zone), "https://hooks.example/") is Trouble.INSIDE
    literal = f"[{address}]" if ":" in address else address
    said = refused(resolving(settings, zone), f"https://{literal}/")
    assert said is (Trouble.INSIDE if whole else Trouble.BAD_ADDRESS)
    assert called == []


def test_one_bad_address_among_good_ones_spoils_the_name(
    settings: Settings, zone: Zone, called: list[tuple[str, int]]
) -> None:
    zone.hosts["hooks.example"] = [[PUBLIC, "10.0.0.1"]]
    assert refused(resolving(settings, zone), "https://hooks.example/") is Trouble.INSIDE
    zone.hosts["hooks.example"] = [[PUBLIC, "::1"]]
    assert refused(resolving(settings, zone), "https://hooks.example/") is Trouble.INSIDE
    assert called == []


def test_a_name_that_changes_its_mind_is_asked_once(
    settings: Settings, zone: Zone, called: list[tuple[str, int]]
) -> None:
    """Rebinding: good for the check, this machine for the connection."""
    zone.hosts["hooks.example"] = [[PUBLIC], ["127.0.0.1"]]
    fetcher = resolving(settings, zone)
    assert refused(fetcher, "https://hooks.example:8443/") is Trouble.NO_CONNECTION
    assert called == [(PUBLIC, 8443)]
    assert sorted(zone.asked) == ["hooks.example"] * 2  # A and AAAA
    assert refused(fetcher, "https://hooks.example:8443/") is Trouble.INSIDE
    assert len(called) == 1


def test_a_name_nobody_knows(settings: Settings, zone: Zone) -> None:
    zone.broken.add("broken.example")
    zone.hosts["empty.example"] = [[]]
    for name in ("gone.example", "broken.example", "empty.example"):
        said = refused(resolving(settings, zone), f"https://{name}/")
        assert said is Trouble.NO_SUCH_NAME


# Over real TLS.


def test_an_answer(reaching: Settings, receiver: Receiver) -> None:
    fetched = Fetcher(reaching).post(receiver.url, b"{}", {"X-One": "1"})
    assert (fetched.status, fetched.body) == (200, b"thanks")
    (heard,) = receiver.heard
    assert (heard.path, heard.body, heard.headers["x-one"]) == ("/in?from=hub", b"{}", "1")
    assert heard.headers["host"] == receiver.target


def test_a_server_on_loopback_is_reached_by_the_settings_of_tests_only(
    reaching: Settings, receiver: Receiver, zone: Zone
) -> None:
    zone.hosts[HOST] = [["127.0.0.1"]]
    inside = {"outbound_test_targets": f"{HOST}:1", "dns_servers": zone.address}
    fetcher = Fetcher(reaching.model_copy(update=inside))
    assert refused(fetcher, receiver.url) is Trouble.INSIDE
    production = Fetcher(
        reaching.model_copy(update={"environment": "production", "dns_servers": zone.address})
    )
    assert refused(production, receiver.url) is Trouble.INSIDE
    assert receiver.heard == []


@pytest.mark.parametrize("name", ["OUTBOUND_TEST_TARGETS", "OUTBOUND_TEST_CA"])
def test_production_refuses_the_settings_of_tests(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLLEGIUM_ENVIRONMENT", "production")
    monkeypatch.setenv("COLLEGIUM_PUBLIC_URL", "https://hub.example")
    monkeypatch.setenv("SECRET_KEY", "0123456789abcdef" * 4)
    Settings()
    monkeypatch.setenv(f"COLLEGIUM_{name}", "x")
    with pytest.raises(ValueError, match="never for production"):
        Settings()


def test_a_certificate_of_another_name_or_authority(
    reaching: Settings, receiver: Receiver, authority: Authority, tmp_path: Path
) -> None:
    stranger = receiving.authority(tmp_path)
    other = reaching.model_copy(update={"outbound_test_ca": str(stranger.file)})
    public = reaching.model_copy(update={"outbound_test_ca": ""})
    for untrusting in (other, public):
        assert refused(Fetcher(untrusting), receiver.url) is Trouble.BAD_CERTIFICATE
    with receiving.receiver(authority.vouch("other.school.test")) as wrong:
        targets = {"outbound_test_targets": wrong.target}
        fetcher = Fetcher(reaching.model_copy(update=targets))
        assert refused(fetcher, wrong.url) is Trouble.BAD_CERTIFICATE
        assert wrong.heard == []
    assert receiver.heard == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed(reaching: Settings, receiver: Receiver, status: int) -> None:
    receiver.answers = [status]
    receiver.headers = {"Location": receiver.url}
    assert refused(Fetcher(reaching), receiver.url) is Trouble.REDIRECT
    assert len(receiver.heard) == 1


def test_a_long_answer_is_cut_off(reaching: Settings, receiver: Receiver) -> None:
    receiver.body = b"x" * (outbound.BYTES + 1)
    assert refused(Fetcher(reaching), receiver.url) is Trouble.TOO_LARGE
    receiver.body = b"x" * outbound.BYTES
    assert len(Fetcher(reaching).post(receiver.url, b"{}", {}).body) == outbound.BYTES


def test_a_dripping_answer_ends_in_time(
    reaching: Settings, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each byte comes in time; all of them would take a minute."""
    monkeypatch.setattr(outbound, "SECONDS", 1.0)
    receiver.body, receiver.drip_s = b"x" * 1200, 0.05
    begun = time.monotonic()
    assert refused(Fetcher(reaching), receiver.url) is Trouble.TIMEOUT
    assert time.monotonic() - begun < 20


@pytest.fixture
def plain(reaching: Settings) -> Iterator[tuple[Fetcher, str, list[bytes]]]:
    """A server that speaks no TLS: `pieces` are dripped to whoever connects."""
    pieces: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

        def serve() -> None:
            try:
                line, _ = server.accept()
                with line:
                    for piece in pieces:
                        line.sendall(piece)
                        time.sleep(0.05)
            except OSError:
                return

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        targets = {"outbound_test_targets": f"{HOST}:{port}"}
        yield Fetcher(reaching.model_copy(update=targets)), f"https://{HOST}:{port}/", pieces


def test_a_dripping_handshake_ends_in_time(
    plain: tuple[Fetcher, str, list[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    fetcher, url, pieces = plain
    monkeypatch.setattr(outbound, "SECONDS", 1.0)
    hello = b"\x16\x03\x03\x40\x00\x02\x00\x3f\xfc"  # a long message of the handshake begins
    pieces += [hello, *([b"\x00"] * 1200)]
    begun = time.monotonic()
    assert refused(fetcher, url) is Trouble.TIMEOUT
    assert time.monotonic() - begun < 20


def test_who_speaks_no_tls(plain: tuple[Fetcher, str, list[bytes]]) -> None:
    fetcher, url, pieces = plain
    pieces += [b"HTTP/1.1 200 OK\r\n\r\n"]
    assert refused(fetcher, url) is Trouble.NO_CONNECTION


def test_old_tls_is_not_spoken(settings: Settings) -> None:
    context = Fetcher(settings)._context()
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2
    assert context.verify_mode is ssl.CERT_REQUIRED and context.check_hostname
