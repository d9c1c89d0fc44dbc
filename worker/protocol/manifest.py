"""What one job may do at one site, signed by the hub. No code travels: only names, numbers and digests."""

from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from worker.protocol import limits
from worker.protocol.codes import JobKind, Tier
from worker.protocol.kept import KeptRows
from worker.protocol.policy import Digest, Modality, Protection
from worker.protocol.tasks import Slug, TaskSheet


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PinnedModel(_Value):
    """A base model the hub imported. `digest` is that of its safetensors file; `files` pins every file by name."""

    name: str = Field(max_length=120)
    digest: Digest
    files: dict[str, Digest]
    bytes: int = Field(ge=0)


class Ranks(_Value):
    """Columns of each adapter's B that a site of a tier trains, the first ones of a common whole."""

    small: int = Field(default=4, ge=1, le=64)
    medium: int = Field(default=8, ge=1, le=64)
    large: int = Field(default=16, ge=1, le=64)

    @model_validator(mode="after")
    def _rise(self) -> "Ranks":
        if not self.small <= self.medium <= self.large:
            raise ValueError("a higher tier trains no smaller rank than a lower one")
        return self

    def of(self, tier: Tier) -> int:
        found: int = getattr(self, tier.value)
        return found


class ModelSpec(_Value):
    """The shared model: an encoder/<modality> for each (of what a base model reads its projection), adapter/text (LoRA
    B), fusion, head/<task>.
    """

    width: int = Field(default=32, ge=4, le=1024)
    layers: int = Field(default=1, ge=0, le=8)
    heads: int = Field(default=4, ge=1, le=16)
    dropout: float = Field(default=0.1, ge=0, lt=1)
    modality_dropout: float = Field(default=0.2, ge=0, lt=1)
    """In training, this share of records with several modalities loses one of them."""
    absent_tokens: bool = True
    """A modality that a record lacks is a learned vector; False leaves it out."""
    text: PinnedModel | None = None
    image: PinnedModel | None = None
    """None, here and of `audio`: a small encoder of its own, trained with the rest."""
    audio: PinnedModel | None = None
    rank: int = Field(default=8, ge=1, le=64)
    alpha: float = Field(default=8.0, gt=0)
    adapter_layers: int = Field(default=2, ge=0, le=48)
    """How many top layers of the text encoder carry an adapter; 0 trains none."""
    tiers: Ranks | None = None
    """What sites of each tier train of `rank`; None: all of it everywhere."""
    seed: int = Field(default=1, ge=0, lt=2**31)
    """Seeds the first weights and the common A of every adapter."""

    @model_validator(mode="after")
    def _tiers_fit(self) -> "ModelSpec":
        if self.tiers is not None and self.tiers.large != self.rank:
            raise ValueError("the rank of large sites is the model's")
        return self

    @property
    def bases(self) -> dict[Modality, PinnedModel]:
        """The base models it is built on, by what they read."""
        named: dict[Modality, PinnedModel | None] = {
            "text": self.text,
            "image": self.image,
            "audio": self.audio,
        }
        return {modality: base for modality, base in named.items() if base is not None}

    @property
    def digests(self) -> tuple[Digest, ...]:
        """Of the weights of its base models: what a policy's list of models is held against."""
        return tuple(base.digest for base in self.bases.values())


class Training(_Value):
    """Local work of one round. Times in seconds."""

    epochs: int = Field(default=1, ge=1, le=100)
    batch: int = Field(default=32, ge=1, le=4096)
    lr: float = Field(default=3e-3, gt=0, le=1)
    weight_decay: float = Field(default=0.0, ge=0, le=1)
    mixup: float = Field(default=0.0, ge=0, le=10)
    """Records of a batch are trained mixed in pairs, in shares drawn from Beta(mixup, mixup); 0: each as it is."""
    tasks_weighed: Literal["sum", "pcgrad"] = "sum"
    """How tasks trained in one step meet in the parts they share: their losses added, or each one's gradient first
    cleared of what points against another's (PCGrad)."""
    proximal: float = Field(default=0.0, ge=0)
    half_life: float | None = Field(default=None, gt=0)
    """Rounds after which `lr` has halved; None keeps it. Sites that differ need it to settle."""
    step: float = Field(default=1.0, gt=0, le=4)
    """What the hub multiplies the mean update by: 1 is the plain mean."""
    average: int = Field(default=1, ge=1, le=100)
    """The last round ends with the mean of each part's states after so many rounds, itself among them; 1: as it is."""
    seed: int = Field(default=1, ge=0, lt=2**31)
    personal: Annotated[float, Field(gt=0, le=100)] | Literal["chosen"] | None = None
    """lambda of a model that stays at the site, held near the shared one; "chosen": by the site's validation records,
    from `personalization.STRENGTHS`. None: no such model. It is trained after the last round and never sent."""


class ModuleRef(_Value):
    """A module's state as an object at the hub."""

    digest: Digest
    bytes: int = Field(ge=0, le=limits.OBJECT_BYTES)


class Manifest(_Value):
    """One job. `modules` is the base the site starts from; `round` 0 is before any training."""

    version: Literal[1] = 1
    job: str
    kind: JobKind
    site: str
    institution: str
    federation: str
    run: str
    round: int = Field(ge=0)
    issued: AwareDatetime
    expires: AwareDatetime
    tasks: tuple[TaskSheet, ...] = Field(min_length=1)
    model: ModelSpec
    modules: dict[str, ModuleRef]
    kept: dict[str, KeptRows] = {}
    """What stays at the sites that moved it: the site starts these rows from its own values and never sends them."""
    training: Training = Training()
    rank: int | None = Field(default=None, ge=1, le=64)
    """Columns of each adapter's B that this site trains and sends; None: all."""
    cohort: int = Field(ge=1)
    """Institutions without a common parent that were asked."""
    partners: tuple[Annotated[str, Field(max_length=limits.NAME_LENGTH)], ...] = Field(
        default=(), max_length=1000
    )
    """Names of the other institutions asked, for people at the site."""
    countries: tuple[str, ...] = Field(default=(), max_length=300)
    """Of the hub and of the members; empty where one of them is not known."""
    minimum_cell: int = Field(default=10, ge=5)
    protections: tuple[Protection, ...] = ()
    leaves: tuple[Literal["updates", "metrics", "counts", "class_codes", "class_reports"], ...] = ()
    """What this job would send. The guard refuses if the policy has one of them closed."""
    classes: tuple[str, ...] = ()
    """Class codes a report job asks for."""
    release: str | None = None
    policy: Digest | None = None
    """The policy of this site by which the hub made the job; the guard refuses any but the one accepted here."""
    approved: bool = False
    """An officer approved this run at the hub; a policy may ask for approval at the site instead."""
    stall_s: int = Field(default=limits.STALL_S, ge=1)
    hard_limit_s: int = Field(default=limits.HARD_LIMIT_S, ge=1)

    @model_validator(mode="after")
    def _kept_of_modules(self) -> "Manifest":
        if not self.kept.keys() <= self.modules.keys() or not all(self.kept.values()):
            raise ValueError("what is kept is rows of parts the manifest names")
        return self

    def task(self, name: Slug) -> TaskSheet:
        return next(t for t in self.tasks if t.name == name)


class Signed(_Value):
    """Canonical JSON as text and an Ed25519 signature over exactly those bytes, both travel."""

    payload: str
    signature: str
    key: str
    """Fingerprint of the public key, to pick it, never to trust it."""
