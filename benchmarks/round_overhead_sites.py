"""Sites that train nothing: each claims, confirms, uploads a small ready-made update and answers, over real HTTP.

Prints a line (round, time of the claim's last byte) per claimed training job.
"""

import asyncio
import base64
import json
import secrets
import sys
import time
from pathlib import Path

import httpx
import numpy as np

from worker.protocol import codec, messages
from worker.protocol.canonical import canonical, digest
from worker.protocol.codes import JobKind
from worker.protocol.manifest import Manifest
from worker.protocol.signatures import PrivateKey, request_bytes
from worker.protocol.update import MetricsAnswer, Receipt, TaskMetrics, UpdatedModule, UpdateHeader

_SOFTWARE = "benchmark"


class Site:
    """Two lanes on one connection pool."""

    def __init__(self, site: str, seed: str, url: str, number: int) -> None:
        self.site, self.number = site, number
        self.key = PrivateKey(base64.urlsafe_b64decode(seed))
        self.http = httpx.AsyncClient(base_url=url, timeout=60)
        self.shapes: dict[str, dict[str, tuple[int, ...]]] = {}

    async def ask(self, method: str, path: str, content: bytes = b"") -> httpx.Response:
        at, once = str(int(time.time())), secrets.token_urlsafe(18)
        message = request_bytes(self.site, method, path, at, once, digest(content))
        heads = {
            messages.HEADER_SITE: self.site,
            messages.HEADER_TIME: at,
            messages.HEADER_NONCE: once,
            messages.HEADER_DIGEST: digest(content),
            messages.HEADER_SIGNATURE: self.key.sign(message),
        }
        answer = await self.http.request(method, path, content=content, headers=heads)
        if answer.status_code >= 400:
            raise RuntimeError(f"{method} {path}: {answer.status_code} {answer.text[:300]}")
        return answer

    async def post(self, path: str, body: dict[str, object]) -> httpx.Response:
        return await self.ask("POST", f"/site/v1/{path}", canonical(body))

    async def lane(self, lane: str) -> None:
        while True:
            answer = await self.post("claim", {"lane": lane, "wait_s": 20})
            at = time.time()
            if answer.status_code == 204:
                await self.post("hello", {})
                continue
            claimed = messages.Claimed.model_validate_json(answer.content)
            manifest = Manifest.model_validate_json(claimed.manifest.payload)
            await self.post(f"jobs/{claimed.job}/confirm", {"claim": claimed.claim})
            if claimed.kind is JobKind.TRAIN:
                print(manifest.round, at, flush=True)
                await self.train(claimed, manifest)
            elif claimed.kind in (JobKind.EVALUATE, JobKind.BASELINE):
                await self.measure(claimed)
            else:
                body = {"claim": claimed.claim, "switched": manifest.release or ""}
                await self.post(f"jobs/{claimed.job}/answer", body)

    async def train(self, claimed: messages.Claimed, manifest: Manifest) -> None:
        body = await self.body(claimed, manifest)
        header = UpdateHeader(
            job=claimed.job,
            claim=claimed.claim,
            run=manifest.run,
            round=manifest.round,
            site=self.site,
            modules={
                name: UpdatedModule(base=ref.digest, weight=100)
                for name, ref in manifest.modules.items()
            },
            body=digest(body),
            bytes=len(body),
            receipt=Receipt(policy=manifest.policy or "0" * 64, policy_version=1),
            trained=manifest.issued,
            software=_SOFTWARE,
        )
        sealed = self.key.seal(header).model_dump(mode="json")
        started = await self.post(
            f"jobs/{claimed.job}/upload", {"claim": claimed.claim, "header": sealed}
        )
        upload = started.json()["upload"]
        await self.ask("PUT", f"/site/v1/uploads/{upload}?offset=0", body)
        answer = {"claim": claimed.claim, "update": header.body}
        await self.post(f"jobs/{claimed.job}/answer", answer)

    async def body(self, claimed: messages.Claimed, manifest: Manifest) -> bytes:
        """Shapes are looked up once; values differ by site and round."""
        for name, ref in manifest.modules.items():
            if name not in self.shapes:
                path = f"/site/v1/objects/{ref.digest}?job={claimed.job}"
                base = codec.decode((await self.ask("GET", path)).content)
                self.shapes[name] = {n: a.shape for n, a in base.items()}
        small = 1e-4 * (self.number + 1) + 1e-6 * manifest.round
        return codec.encode(
            {
                f"{module}::{name}": np.full(shape, small, np.float32)
                for module, shapes in self.shapes.items()
                for name, shape in shapes.items()
            }
        )

    async def measure(self, claimed: messages.Claimed) -> None:
        figure = TaskMetrics(
            task="pass", metric="auc", value=0.7, records_band="100-200", weight=100
        )
        both = claimed.kind is JobKind.BASELINE
        answer = MetricsAnswer(local=(figure,)) if both else MetricsAnswer(shared=(figure,))
        body = {"claim": claimed.claim, "metrics": answer.model_dump(mode="json")}
        await self.post(f"jobs/{claimed.job}/answer", body)


async def until_open(url: str) -> None:
    async with httpx.AsyncClient() as probe:
        while True:
            try:
                await probe.get(url)
                return
            except httpx.ConnectError:
                await asyncio.sleep(0.1)


async def main(stage_path: Path) -> None:
    stage = json.loads(stage_path.read_text())
    await until_open(stage["url"])
    sites = [Site(s, seed, stage["url"], n) for n, (s, seed) in enumerate(stage["sites"])]
    for site in sites:
        await site.post("hello", {})
    await asyncio.gather(*(site.lane(lane) for site in sites for lane in ("train", "quick")))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
