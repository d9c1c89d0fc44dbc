"""A site's folder with an enrolment, an accepted policy and records, as `join` and `data use` leave it."""

import csv
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np

from app.clock import now
from worker.protocol.canonical import digest_of
from worker.protocol.messages import ApprovedPolicy, JoinAnswer
from worker.protocol.policy import PolicyDocument
from worker.protocol.signatures import PrivateKey, PublicKey
from worker.site import accepted
from worker.site.home import Home, SiteConfig

DATASET = """
name: test
title: Test
simulated: true
student: pupil
class: group
term: year
records: records.csv
modalities:
  - kind: table
    file: records.csv
    columns: {hours: numeric, clicks: numeric, programme: categorical}
tasks:
  pass:
    kind: binary
    label: passed
"""


def make(
    root: Path,
    *,
    url: str,
    site: str,
    institution: str,
    hub_key: PublicKey,
    key: PrivateKey | None = None,
    policy: PolicyDocument | None = None,
    **settings: Any,
) -> Home:
    home = Home(root)
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    home.save_config(SiteConfig(hub=url, **settings))
    home.save_identity(
        JoinAnswer(
            site=site,
            site_name="Main",
            institution=institution,
            institution_name="School",
            hub_key=hub_key.text,
            hub_name="Test hub",
            words=("a",) * 6,
        )
    )
    if key is not None:
        plain = {"signing": key.seed.hex(), "pseudonym": "7" * 64}
        home.keys_file.write_text(json.dumps(plain), encoding="utf-8")
        home.keys_file.chmod(0o600)
    home.key_file.make()
    if policy is not None:
        accept(home, policy)
    return home


def accept(home: Home, policy: PolicyDocument, version: int = 1) -> None:
    offered = ApprovedPolicy(
        version=version,
        digest=digest_of(policy),
        document=policy,
        approved_by="Officer",
        approved=now() - timedelta(days=1),
        effective=now(),
    )
    accepted.store(home, offered, accepted.seal(home, offered))


def records(
    folder: Path,
    count: int = 120,
    seed: int = 1,
    canary: str = "pupil",
    programmes: tuple[str, ...] = (),
) -> Path:
    """A data folder for the sheet `pass`; every student's key starts with `canary`. Programmes go round in turn."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "dataset.yaml").write_text(DATASET, encoding="utf-8")
    draw = np.random.default_rng(seed)
    with (folder / "records.csv").open("w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out)
        writer.writerow(["pupil", "group", "year", "hours", "clicks", "programme", "passed"])
        for number in range(count):
            hours, clicks = draw.normal(0, 1), draw.normal(10, 4)
            passed = "yes" if hours + draw.normal(0, 1) > 0 else "no"
            chosen = programmes[number % len(programmes)] if programmes else ""
            figures = [f"{hours:.3f}", f"{clicks:.2f}", chosen, passed]
            writer.writerow([f"{canary}-{number}", "A", "2026", *figures])
    return folder
