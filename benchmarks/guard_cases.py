"""One job that a site allows, as plain values, and what guard and oracle say of it or of what was made of it."""

from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import Any

from benchmarks.guard_oracle import ALLOWED, Case, verdict
from worker.protocol.canonical import canonical, digest_of
from worker.protocol.codes import JobKind, Tier
from worker.protocol.manifest import Manifest, ModelSpec, ModuleRef, PinnedModel, Signed, Training
from worker.protocol.messages import Claimed
from worker.protocol.policy import Leaves, PolicyDocument
from worker.protocol.rules import Objection
from worker.protocol.run_terms import of as terms_of
from worker.protocol.signatures import PrivateKey, _raw
from worker.protocol.tasks import EventColumn, Grouping, Input, TaskSheet
from worker.site import guard
from worker.site.home import Identity
from worker.site.met import Met

AT = datetime(2026, 9, 1, 12, tzinfo=UTC)
HUB = PrivateKey(b"h" * 32)
TEXT = PinnedModel(
    name="m",
    digest="a" * 64,
    files={"config.json": "b" * 64, "model.safetensors": "a" * 64},
    bytes=1,
)
SHEET = TaskSheet(
    name="pass",
    target="Whether the student passes.",
    label="passed",
    labels=("no", "yes"),
    inputs=(
        Input(name="hours"),
        Input(name="essay", kind="text", modality="text"),
        Input(
            name="answers",
            kind="events",
            modality="events",
            columns=(EventColumn(name="skill", values=("x",)),),
        ),
    ),
    topic=Grouping(name="topic", values=("a", "b")),
    groups=(
        Grouping(name="first", values=("yes", "no")),
        Grouping(name="raceOrCaste", values=("a", "b")),
    ),
)
PARTS = ("adapter/text", "encoder/events", "encoder/table", "encoder/text", "fusion", "head/pass")
POLICY = PolicyDocument(
    modalities=("table", "text", "events"),
    models=(TEXT.digest,),
    leaves=Leaves(updates=True, metrics=True, counts=True, class_codes=True, class_reports=True),
)


def allowed() -> Case:
    """A training job that nothing is wrong with, of a run this site has worked for."""
    manifest = Manifest(
        job="job_1",
        kind=JobKind.TRAIN,
        site="site_1",
        institution="institution_1",
        federation="federation_1",
        run="run_1",
        round=3,
        issued=AT - timedelta(minutes=1),
        expires=AT + timedelta(hours=1),
        tasks=(SHEET,),
        model=ModelSpec(text=TEXT),
        modules={name: ModuleRef(digest="c" * 64, bytes=8) for name in PARTS},
        training=Training(personal=0.3, seed=7),
        rank=4,
        cohort=3,
        leaves=("updates",),
        policy=digest_of(POLICY),
        countries=("DE", "FR"),
        approved=True,
    ).model_dump(mode="json")
    first = deepcopy(manifest) | {"round": 1, "training": manifest["training"] | {"seed": 3}}
    policy = POLICY.model_dump(mode="json")
    given = ("job_1", "train", AT, "site_1", "institution_1", policy)
    return Case(manifest, *given, agreed={"run_1": first}, first=first, trained=2)


def seal(case: Case) -> Signed:
    """As the hub, or whoever has `case.signer`, signs the plain values."""
    payload = canonical(case.manifest)
    key = PrivateKey(case.signer)
    signed = Signed(
        payload=payload.decode(), signature=key.sign(payload), key=key.public.fingerprint
    )
    if not case.changed:
        return signed
    return signed.model_copy(update={"payload": signed.payload.replace('"cohort":', '"cohort":1')})


def decide(case: Case, signed: Signed) -> str:
    """What the guard says."""
    identity = Identity(case.site, "Main", case.institution, "School", HUB.public, "Hub", False)
    first = None if case.first is None else _terms(case.first)
    known = guard.Known(
        identity=identity,
        policy=None if case.policy is None else PolicyDocument.model_validate(case.policy),
        approved_here={run: _terms(one) for run, one in case.agreed.items()},
        tier=Tier(case.tier),
        met=lambda run: Met(first, case.trained, case.gone) if run == "run_1" else Met(),
    )
    claimed = Claimed(job=case.job, kind=JobKind(case.kind), claim=1, lease_s=60, manifest=signed)
    found = guard.judge(claimed, known, case.at)
    return found.code.value if isinstance(found, Objection) else ALLOWED


def expect(case: Case, signed: Signed) -> str:
    """What the oracle says."""
    return verdict(case, signed.payload, _raw(signed.signature), _raw(HUB.public.text))


def _terms(plain: dict[str, Any]) -> str:
    return terms_of(Manifest.model_validate(plain)).digest
