"""An open load: requests leave on a schedule drawn from the seed, whether or not earlier ones have been answered.

Reads a stage file, prints one JSON object: page to its latencies in milliseconds, and what was not answered with 200.
The latency runs from the scheduled moment to the last byte, so that a queue at the hub is not left out.
"""

import asyncio
import json
import random
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Ask:
    """One request of the mix. `weight`: its share."""

    page: str
    path: str
    cookie: str
    weight: float
    fragment: bool = False

    def head(self, host: str) -> bytes:
        lines = [f"GET {self.path} HTTP/1.1", f"Host: {host}", f"Cookie: {self.cookie}"]
        lines += ["Accept: text/html", "Accept-Language: en"]
        if self.fragment:
            lines += ["HX-Request: true", "HX-Target: live"]
        return "\r\n".join([*lines, "", ""]).encode()


class Pool:
    """Kept connections; one more is opened when all are busy, as browsers and a proxy do."""

    def __init__(self, host: str, port: int) -> None:
        self.host, self.port = host, port
        self.idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
        self.opened = 0

    async def ask(self, head: bytes) -> int:
        """A kept connection that the server closed meanwhile is passed over, as a proxy does."""
        while self.idle:
            kept = self.idle.pop()
            try:
                return await self._ask(head, *kept)
            except (ConnectionError, asyncio.IncompleteReadError):
                kept[1].close()
        self.opened += 1
        made = await asyncio.open_connection(self.host, self.port, limit=1 << 20)
        return await self._ask(head, *made)

    async def _ask(
        self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> int:
        writer.write(head)
        answer = await reader.readuntil(b"\r\n\r\n")
        length = next(
            int(line.partition(b":")[2])
            for line in answer.lower().split(b"\r\n")
            if line.startswith(b"content-length:")
        )
        await reader.readexactly(length)
        self.idle.append((reader, writer))
        return int(answer.split(b" ", 2)[1])


@dataclass
class Load:
    """What was asked, and how it went."""

    asks: list[Ask]
    pools: list[Pool]
    took: dict[str, list[float]]
    faults: list[str]

    async def one(self, number: int, pool: Pool, at: float, measured: bool) -> None:
        ask = self.asks[number]
        try:
            status = await pool.ask(ask.head(pool.host))
        except (OSError, asyncio.IncompleteReadError) as error:
            self.faults.append(f"{ask.path}: {error!r}")
            return
        if status != 200:
            self.faults.append(f"{ask.path}: {status}")
        if measured:
            self.took[ask.page].append((time.perf_counter() - at) * 1000)


async def main(stage: dict[str, Any]) -> dict[str, object]:
    """The mix at the rate: first for `warm_s` unmeasured, then for `seconds`."""
    asks = [Ask(**ask) for ask in stage["asks"]]
    pools = [Pool("127.0.0.1", port) for port in stage["ports"]]
    load = Load(asks, pools, {ask.page: [] for ask in asks}, [])
    draw, late = random.Random(stage["seed"]), []
    numbers, weights = range(len(asks)), [ask.weight for ask in asks]
    begun, due, tasks = time.perf_counter(), 0.0, []
    while due < stage["warm_s"] + stage["seconds"]:
        await asyncio.sleep(max(0.0, begun + due - time.perf_counter()))
        late.append((time.perf_counter() - begun - due) * 1000)
        number, pool = draw.choices(numbers, weights)[0], pools[len(tasks) % len(pools)]
        asked = load.one(number, pool, begun + due, due >= stage["warm_s"])
        tasks.append(asyncio.create_task(asked))
        due += draw.expovariate(stage["rate"])
    _done, waiting = await asyncio.wait(tasks, timeout=60)
    load.faults += ["unanswered after 60 s"] * len(waiting)
    return {
        "took": load.took,
        "faults": load.faults,
        "opened": sum(pool.opened for pool in pools),
        "late_ms": sorted(late)[int(len(late) * 0.95)],
    }


if __name__ == "__main__":
    print(json.dumps(asyncio.run(main(json.loads(Path(sys.argv[1]).read_text())))))
