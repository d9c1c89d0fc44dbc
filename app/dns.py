"""The one way this hub asks the domain name system: text records and addresses of a name, within five seconds."""

import socket
from ipaddress import ip_address

import dns.exception
import dns.name
import dns.nameserver
import dns.rdatatype
import dns.resolver

from app.settings import Settings

WITHIN_S = 5.0
MOST_RECORDS = 50
LONGEST = 500


class DnsAway(ConnectionError):
    """No server answered, or it said that it cannot: nothing is known of the name."""


def text_records(settings: Settings, name: str) -> tuple[str, ...]:
    """Every TXT record of a full name, its parts joined; empty where the name or the record does not exist.

    Only the configured servers are asked (`settings.dns_servers`, else the system's); nothing is connected to that an
    answer names. At most 50 records of 500 characters are read. Raises DnsAway.
    """
    try:
        whole = dns.name.from_text(name.rstrip(".") + ".")
        found = _resolver(settings.dns_servers).resolve(whole, dns.rdatatype.TXT, search=False)
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return ()
    except (dns.exception.DNSException, OSError, ValueError) as error:
        raise DnsAway(f"no answer about {name}") from error
    records = [b"".join(record.strings) for record in list(found)[:MOST_RECORDS]]
    return tuple(r[:LONGEST].decode("ascii", "replace").strip() for r in records)


def addresses(settings: Settings, name: str) -> tuple[str, ...]:
    """Every IPv4 and IPv6 address of a full name, aliases followed; empty where it has none. Raises DnsAway."""
    try:
        whole = dns.name.from_text(name.rstrip(".") + ".")
        found = _resolver(settings.dns_servers).resolve_name(
            whole, family=socket.AF_UNSPEC, search=False
        )
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return ()
    except (dns.exception.DNSException, OSError, ValueError) as error:
        raise DnsAway(f"no answer about {name}") from error
    return tuple(found.addresses())


def _resolver(servers: str) -> dns.resolver.Resolver:
    """`address` or `address:port`, set apart by commas; an IPv6 address with a port stands in brackets."""
    given = [part.strip() for part in servers.split(",") if part.strip()]
    made = dns.resolver.Resolver(configure=not given)
    made.lifetime, made.timeout = WITHIN_S, WITHIN_S / 2
    if given:
        made.nameservers = [_server(part) for part in given]
    return made


def _server(text: str) -> dns.nameserver.Nameserver:
    address, port = text, "53"
    if text.startswith("["):
        address, _bracket, rest = text[1:].partition("]")
        port = rest.removeprefix(":") or port
    elif text.count(":") == 1:
        address, port = text.split(":")
    return dns.nameserver.Do53Nameserver(str(ip_address(address)), int(port))
