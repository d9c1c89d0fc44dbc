"""An update as a site would send it: tensors, a sealed header, chunks. Each part can be spoilt."""

from dataclasses import dataclass, field
from typing import Any

import httpx
import numpy as np

from app.clock import now
from tests.door.conftest import Door
from tests.sites.world import BASE
from worker.protocol.canonical import canonical, digest
from worker.protocol.codec import encode
from worker.protocol.manifest import Signed
from worker.protocol.signatures import PrivateKey


def tensors(seed: int = 1, size: int = 200) -> bytes:
    draw = np.random.default_rng(seed)
    names = ("fusion::weight", "head/pass::bias")
    return encode({name: draw.normal(size=size).astype(np.float32) for name in names})


@dataclass
class Parcel:
    """One update of one claimed job."""

    door: Door
    job: str
    claim: int
    body: bytes
    key: PrivateKey | None = None
    fields: dict[str, Any] = field(default_factory=dict)

    def header(self) -> Signed:
        plain = {
            "job": self.job,
            "claim": self.claim,
            "run": self.door.world.run,
            "round": 1,
            "site": self.door.site,
            "modules": {name: {"base": base, "weight": 20.0} for name, base in BASE.items()},
            "body": digest(self.body),
            "bytes": len(self.body),
            "receipt": {"policy": "d" * 64, "policy_version": 1},
            "trained": now().isoformat(),
            "software": "test",
            **self.fields,
        }
        content, key = canonical(plain), self.key or self.door.key
        return Signed(
            payload=content.decode(), signature=key.sign(content), key=key.public.fingerprint
        )

    def start(self, sealed: Signed | None = None) -> httpx.Response:
        said = {"claim": self.claim, "header": (sealed or self.header()).model_dump()}
        return self.door.sender.send(f"/jobs/{self.job}/upload", said)

    def put(self, upload: str, offset: int, chunk: bytes) -> httpx.Response:
        return self.door.sender.send(f"/uploads/{upload}?offset={offset}", chunk, method="PUT")

    def send(self, chunk: int = 600) -> httpx.Response:
        """The whole of it; the last answer, or the first that refuses."""
        answer = self.start()
        while answer.status_code == 200 and not answer.json()["complete"]:
            at = answer.json()["offset"]
            answer = self.put(answer.json()["upload"], at, self.body[at : at + chunk])
        return answer
