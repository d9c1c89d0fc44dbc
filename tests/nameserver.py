"""A real name server on loopback: UDP, answers about the names it is given, and says so when it has none."""

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset


@dataclass
class Zone:
    """Text records by name, and addresses: of several lists each question about a name gets the next one, and the
    last one stays. A name in `broken` is answered by SERVFAIL; `asked` holds every name asked about.
    """

    address: str = ""
    records: dict[str, list[str]] = field(default_factory=dict)
    hosts: dict[str, list[list[str]]] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)

    def answer(self, wire: bytes) -> bytes:
        query = dns.message.from_wire(wire)
        response = dns.message.make_response(query)
        response.flags |= dns.flags.RA
        (question,) = query.question
        name = question.name.to_text(omit_final_dot=True)
        self.asked.append(name)
        if name in self.broken:
            response.set_rcode(dns.rcode.SERVFAIL)
        elif name in self.hosts:
            kind = dns.rdatatype.to_text(question.rdtype)
            fitting = [a for a in self._addresses(name, kind) if (":" in a) == (kind == "AAAA")]
            if fitting and kind in ("A", "AAAA"):
                response.answer.append(dns.rrset.from_text(question.name, 0, "IN", kind, *fitting))
        elif name in self.records:
            texts = [f'"{text}"' for text in self.records[name]]
            if texts:
                response.answer.append(dns.rrset.from_text(question.name, 60, "IN", "TXT", *texts))
        else:
            response.set_rcode(dns.rcode.NXDOMAIN)
        return response.to_wire()

    def _addresses(self, name: str, kind: str) -> list[str]:
        lists = self.hosts[name]
        return lists.pop(0) if kind == "A" and len(lists) > 1 else lists[0]


@contextmanager
def nameserver() -> Iterator[Zone]:
    zone = Zone()

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            wire, connection = self.request
            connection.sendto(zone.answer(wire), self.client_address)

    with socketserver.ThreadingUDPServer(("127.0.0.1", 0), Handler) as server:
        zone.address = f"127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield zone
        finally:
            server.shutdown()
            thread.join()
