"""A forwarder on loopback that counts what goes through it, whatever is spoken, and the memory of processes."""

import asyncio
import threading
import time
from collections.abc import Sequence
from types import TracebackType

import psutil

BLOCK = 1 << 16
EVERY_S = 0.25


class Wire:
    """`with Wire(port)` listens on `self.port` and passes everything on to `port` of this machine."""

    def __init__(self, to: int) -> None:
        self.up = self.down = 0
        self.port = 0
        self._to = to
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "Wire":
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._left.set)
        self._thread.join()

    def _run(self) -> None:
        asyncio.run(self._listen())

    async def _listen(self) -> None:
        self._loop, self._left = asyncio.get_running_loop(), asyncio.Event()
        server = await asyncio.start_server(self._joined, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._left.wait()
        server.close()

    async def _joined(self, site: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        try:
            hub, on = await asyncio.open_connection("127.0.0.1", self._to)
        except OSError:
            back.close()
            return
        await asyncio.gather(self._pass(site, on, up=True), self._pass(hub, back, up=False))
        on.close()
        back.close()

    async def _pass(
        self, given: asyncio.StreamReader, taken: asyncio.StreamWriter, *, up: bool
    ) -> None:
        try:
            while block := await given.read(BLOCK):
                if up:
                    self.up += len(block)
                else:
                    self.down += len(block)
                taken.write(block)
                await taken.drain()
            taken.write_eof()
        except OSError:
            taken.close()


class Watch:
    """While it is entered: how many bytes had gone through by when, and the most memory processes held."""

    def __init__(self, wire: Wire, server: Sequence[int], sites: Sequence[int]) -> None:
        self._wire, self._of = wire, {"server": server, "sites": sites}
        self.most_mb = {"server": 0.0, "sites": 0.0}
        self.seen: list[tuple[float, int, int]] = []
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> "Watch":
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._ended.wait(EVERY_S):
            self.seen.append((time.time(), self._wire.up, self._wire.down))
            for name, roots in self._of.items():
                self.most_mb[name] = max(self.most_mb[name], sum(map(unshared_mb, roots)))

    def between(self, start: float, end: float) -> tuple[int, int]:
        """Bytes up and down between two times."""
        within = [(up, down) for at, up, down in self.seen if start <= at <= end]
        (first_up, first_down), (up, down) = within[0], within[-1]
        return up - first_up, down - first_down


def unshared_mb(pid: int) -> float:
    """Unshared memory of a process and all below it, in MB; of one that has ended 0."""
    total = 0
    try:
        parent = psutil.Process(pid)
        family = (parent, *parent.children(recursive=True))
    except psutil.NoSuchProcess:
        return 0.0
    for one in family:
        try:
            total += one.memory_full_info().uss
        except (psutil.NoSuchProcess, psutil.ZombieProcess):
            continue
    return total / 1e6
