"""A TCP line between sites and the hub that can be cut, and that remembers every byte sites sent."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit


class Wire:
    """`sent` is everything that went from sites to the hub, in the order of arrival."""

    def __init__(self, target: tuple[str, int]) -> None:
        self._target = target
        self._lock = threading.Lock()
        self._open: list[socket.socket] = []
        self._cut_after: int | None = None
        self._cut_before: bytes | None = None
        self.sent = bytearray()
        self.cuts = 0
        self.tries = 0
        """Connections that were begun, whether the line was up or not."""
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self.is_up = True
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def cut_after(self, count: int) -> None:
        """Cuts once, when this many more bytes have been sent; the line stays down until `restore`."""
        with self._lock:
            self._cut_after = len(self.sent) + count

    def cut_before(self, text: str) -> None:
        """Cuts once, when a request with this in it comes; nothing of it passes, and the line stays down."""
        with self._lock:
            self._cut_before = text.encode()

    def cut(self) -> None:
        with self._lock:
            self.is_up = False
            self.cuts += 1
            broken, self._open = self._open, []
        for one in broken:
            _close(one)

    def restore(self) -> None:
        self.is_up = True

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self.tries += 1
            if not self.is_up:
                _close(client)
                continue
            try:
                hub = socket.create_connection(self._target)
            except OSError:
                _close(client)
                continue
            with self._lock:
                self._open += [client, hub]
            for source, sink, listens in ((client, hub, True), (hub, client, False)):
                threading.Thread(
                    target=self._carry, args=(source, sink, listens), daemon=True
                ).start()

    def _carry(self, source: socket.socket, sink: socket.socket, listens: bool) -> None:
        with suppress(OSError):
            while content := source.recv(1 << 16):
                if listens and self._must_cut(content):
                    self.cut()
                    return
                sink.sendall(content)
        _close(source)
        _close(sink)

    def _must_cut(self, content: bytes) -> bool:
        with self._lock:
            self.sent += content
            if self._cut_before is not None and self._cut_before in content:
                self._cut_before = None
                return True
            if self._cut_after is None or len(self.sent) < self._cut_after:
                return False
            self._cut_after = None
            return True

    def close(self) -> None:
        _close(self._listener)
        self.cut()


def _close(one: socket.socket) -> None:
    with suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
    with suppress(OSError):
        one.close()


@contextmanager
def between(url: str) -> Iterator[Wire]:
    parts = urlsplit(url)
    assert parts.hostname is not None and parts.port is not None
    wire = Wire((parts.hostname, parts.port))
    try:
        yield wire
    finally:
        wire.close()
