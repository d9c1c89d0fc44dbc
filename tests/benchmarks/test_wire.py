"""The forwarder counts what goes through, both ways, and passes all of it on."""

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks import wire
from tests.servers import wait_until


@contextmanager
def _answering(answer: bytes) -> Iterator[int]:
    """A server that reads until the other side is done, then answers; its port."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            speaking, _ = listening.accept()
            with speaking:
                while speaking.recv(1 << 16):
                    pass
                speaking.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        yield listening.getsockname()[1]
        thread.join()


def test_bytes_are_counted_and_passed_on() -> None:
    answer = bytes(range(256)) * 1000
    with _answering(answer) as port, wire.Wire(port) as between:
        with socket.create_connection(("127.0.0.1", between.port)) as speaking:
            speaking.sendall(b"x" * 123_456)
            speaking.shutdown(socket.SHUT_WR)
            found = b""
            while block := speaking.recv(1 << 16):
                found += block
        assert found == answer
        assert (between.up, between.down) == (123_456, len(answer))


def test_a_watch_tells_bytes_between_two_times_and_the_most_memory() -> None:
    with _answering(b"") as port, wire.Wire(port) as between:
        with wire.Watch(between, [os.getpid()], []) as watch:
            wait_until(lambda: watch.most_mb["server"] > 0, seconds=30, what="a look")
            between.up += 500
            seen = len(watch.seen)
            wait_until(lambda: len(watch.seen) > seen + 1, seconds=30, what="two more looks")
        assert watch.between(0, float("inf")) == (500, 0)
        assert watch.most_mb["server"] > 10
        socket.create_connection(("127.0.0.1", port)).close()
