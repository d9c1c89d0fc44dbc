"""A thousand sites in one process, on bare TLS streams: each asks for work, and does it by refusing it.

Prints `ready` when all of them wait, then a line (job, time of the claim's last byte) per claim.
"""

import asyncio
import base64
import json
import random
import secrets
import ssl
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.inbox import SEED
from worker.protocol import messages
from worker.protocol.canonical import digest
from worker.protocol.signatures import PrivateKey, request_bytes

_GRACE_S = 35.0
"""After the last post a lost bell is still made good by the hub's own look."""


class Site:
    """One site on one kept connection."""

    def __init__(self, site: str, seed: str, url: str, tls: ssl.SSLContext) -> None:
        self.site = site
        self.key = PrivateKey(base64.urlsafe_b64decode(seed))
        self.where = urlsplit(url)
        self.tls = tls

    async def connect(self) -> None:
        self.reader, self.writer = await asyncio.open_connection(
            self.where.hostname, self.where.port, ssl=self.tls, limit=1 << 17
        )

    async def send(self, path: str, body: dict[str, object]) -> tuple[int, bytes]:
        self.write(path, body)
        return await self.read()

    def write(self, path: str, body: dict[str, object]) -> None:
        content = json.dumps(body).encode()
        at, once = str(int(time.time())), secrets.token_urlsafe(18)
        message = request_bytes(self.site, "POST", path, at, once, digest(content))
        heads = {
            "Host": self.where.netloc,
            "Content-Length": str(len(content)),
            messages.HEADER_SITE: self.site,
            messages.HEADER_TIME: at,
            messages.HEADER_NONCE: once,
            messages.HEADER_DIGEST: digest(content),
            messages.HEADER_SIGNATURE: self.key.sign(message),
        }
        lines = "".join(f"{name}: {value}\r\n" for name, value in heads.items())
        self.writer.write(f"POST {path} HTTP/1.1\r\n{lines}\r\n".encode() + content)

    async def read(self) -> tuple[int, bytes]:
        head = await self.reader.readuntil(b"\r\n\r\n")
        status = int(head.split(b" ", 2)[1])
        length = 0
        for line in head.lower().split(b"\r\n"):
            if line.startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        return status, await self.reader.readexactly(length)

    async def work(self, draw: random.Random, left: asyncio.Semaphore) -> None:
        """Asks, and gives each job the answer of a guard that says no."""
        while True:
            wait = draw.uniform(20, 25)
            status, body = await self.send("/site/v1/claim", {"lane": "quick", "wait_s": wait})
            at = time.monotonic()
            if status == 204:
                continue
            if status != 200:
                raise RuntimeError(f"the door answered {status}: {body[:200]!r}")
            job = json.loads(body)
            print(job["job"], at, flush=True)
            left.release()
            claim = {"claim": job["claim"]}
            await self.send(f"/site/v1/jobs/{job['job']}/confirm", claim)
            answer = {**claim, "refused": "purpose-not-allowed"}
            status, body = await self.send(f"/site/v1/jobs/{job['job']}/answer", answer)
            if status != 204:
                raise RuntimeError(f"the answer got {status}: {body[:200]!r}")


async def main(stage_path: Path) -> None:
    stage = json.loads(stage_path.read_text())
    tls = ssl.create_default_context(cafile=stage["certificate"])
    draw = random.Random(SEED)
    claims = asyncio.Semaphore(0)
    ramp, count = stage["ramp_s"], len(stage["sites"])

    async def live(number: int, site: Site) -> None:
        await asyncio.sleep(ramp * number / count)
        await site.connect()
        await site.work(draw, claims)

    sites = [Site(site, seed, stage["url"], tls) for site, seed in stage["sites"]]
    tasks = [asyncio.create_task(live(number, site)) for number, site in enumerate(sites)]
    done, _ = await asyncio.wait(tasks, timeout=ramp + 5, return_when=asyncio.FIRST_EXCEPTION)
    if not done:
        print("ready", flush=True)
        end = asyncio.create_task(all_claimed(claims, stage["jobs"]))
        limit = stage["jobs"] / stage["per_second"] + _GRACE_S
        await asyncio.wait({*tasks, end}, timeout=limit, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()
    ended = await asyncio.gather(*tasks, return_exceptions=True)
    for fault in {repr(e) for e in ended if e and not isinstance(e, asyncio.CancelledError)}:
        print(fault, file=sys.stderr)


async def all_claimed(claims: asyncio.Semaphore, count: int) -> None:
    for _ in range(count):
        await claims.acquire()
    await asyncio.sleep(0.5)  # the last ones' answers


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
