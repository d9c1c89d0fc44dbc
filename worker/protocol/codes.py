"""Closed lists. Nothing a site sends is free text: it is one of these codes, or a number."""

from enum import StrEnum


class Lane(StrEnum):
    """A site's two Celery workers. A job's kind says its lane."""

    QUICK = "quick"
    TRAIN = "train"


class Tier(StrEnum):
    """What a site's machine can train: how many columns of each adapter."""

    SMALL = "small"
    MEDIUM = "medium"
    LARGE = "large"


class JobKind(StrEnum):
    """What a site can be asked to do. The transport builds a message for these and no other."""

    TRAIN = "train"
    EVALUATE = "evaluate"
    BASELINE = "baseline"
    PERSONAL = "personal"
    REPORT = "report"
    SWITCH_RELEASE = "switch-release"

    @property
    def lane(self) -> Lane:
        quick = {JobKind.EVALUATE, JobKind.SWITCH_RELEASE}
        return Lane.QUICK if self in quick else Lane.TRAIN


class Chosen(StrEnum):
    """The model a site uses for one task, by its validation records."""

    SHARED = "shared"
    PERSONAL = "personal"
    ALONE = "alone"


class ClassUse(StrEnum):
    """What a class goes by, on its institution's model in use: nothing of its own, a head, or a head and an adapter."""

    INSTITUTION = "institution"
    HEAD = "head"
    ADAPTER = "head and adapter"


class Change(StrEnum):
    """What a choice did on records that neither trained nor chose. Unchanged: within chance, one-sided 95 %."""

    HELPED = "helped"
    UNCHANGED = "unchanged"
    HURT = "hurt"


class Verdict(StrEnum):
    """The hub's answer to a renewal."""

    GO_ON = "go on"
    PAUSE = "pause"
    CANCEL = "cancel"


class Phase(StrEnum):
    """Where a job stands at the site."""

    CLAIMED = "claimed"
    FETCHING = "fetching"
    LOADING = "loading"
    ENCODING = "encoding"
    TRAINING = "training"
    EVALUATING = "evaluating"
    STORED = "stored"
    UPLOADING = "uploading"
    DONE = "done"


class Refusal(StrEnum):
    """Why a site's guard said no, or a policy rules a run out. An answer, not a failure. Rules: docs/guard.md."""

    NO_POLICY = "no-policy"
    BAD_SIGNATURE = "bad-signature"
    OTHER_JOB = "other-job"
    WRONG_SITE = "wrong-site"
    EXPIRED = "expired"
    UNKNOWN_KIND = "unknown-kind"
    WIDER = "wider-than-its-kind"
    OTHER_PARTS = "other-model-parts"
    MODEL_FILES = "model-files-differ"
    TERMS_CHANGED = "terms-changed"
    ROUND_REPLAYED = "round-replayed"
    OTHER_POLICY = "other-policy"
    PURPOSE = "purpose-not-allowed"
    MODALITY = "modality-not-allowed"
    TASK = "task-not-allowed"
    INPUT = "input-not-allowed"
    CATEGORY = "special-category"
    CONTRACT = "outside-contract"
    ABROAD = "goes-abroad"
    MODEL = "model-not-allowed"
    MINIMUM_COHORT = "cohort-too-small"
    MINIMUM_CELL = "cell-too-small"
    NEEDS_NOISE = "needs-noise"
    NEEDS_SECURE_AGGREGATION = "needs-secure-aggregation"
    UNSUPPORTED_PROTECTION = "unsupported-protection"
    UPDATES_STAY = "updates-stay"
    METRICS_STAY = "metrics-stay"
    COUNTS_STAY = "counts-stay"
    REPORTS_STAY = "class-reports-stay"
    RANK = "rank-too-high"
    APPROVAL_MISSING = "approval-missing"
    TOO_FEW_RECORDS = "too-few-records"
    NO_MATCHING_DATA = "no-matching-data"


class Failure(StrEnum):
    """Why a job ended without an answer. The traceback stays in the site's log."""

    STALLED = "stalled"
    HARD_LIMIT = "hard-limit"
    OUT_OF_MEMORY = "out-of-memory"
    DISK_FULL = "disk-full"
    DATA_FAULT = "data-fault"
    MODEL_MISSING = "model-missing"
    NEEDS_WAVEFORMS = "needs-waveforms"
    NO_CARD = "no-card"
    OBJECT_MISMATCH = "object-mismatch"
    NOT_FINITE = "not-finite"
    LOST_CHILD = "lost-child"
    STOPPED = "stopped"
    PAUSED = "paused"
    OUTSIDE_HOURS = "outside-hours"
    CANCELLED = "cancelled"
    UNEXPECTED = "unexpected"


class UploadRefusal(StrEnum):
    """Why the hub did not take an update. Shown on the round's page by these names."""

    TRUNCATED = "truncated"
    TOO_LARGE = "too-large"
    WRONG_DIGEST = "wrong-digest"
    NOT_SAFETENSORS = "not-safetensors"
    WRONG_NAMES = "wrong-names"
    WRONG_SHAPE = "wrong-shape"
    WRONG_DTYPE = "wrong-dtype"
    NOT_FINITE = "not-finite"
    NORM_TOO_LARGE = "norm-too-large"
    WRONG_BASE = "wrong-base"
    WRONG_KEY = "wrong-key"
    WRONG_WEIGHT = "wrong-weight"
    WRONG_RECEIPT = "wrong-receipt"
    KEPT_ROW = "kept-row"
    REPLAYED = "replayed"
    SECOND_UPDATE = "second-update"
    STALE_CLAIM = "stale-claim"
    ROUND_CLOSED = "round-closed"
    UNREADABLE = "unreadable"


class Readiness(StrEnum):
    """What `collegium-site check` looks at."""

    HUB_REACHABLE = "hub-reachable"
    CLOCK = "clock"
    KEYS = "keys"
    STANDING = "standing"
    POLICY = "policy"
    DATA = "data"
    DISK = "disk"
    MEMORY = "memory"
    LEARNING = "learning"


class Fitness(StrEnum):
    """How a site's records serve one task sheet: they fit, or the first thing that is in the way."""

    FITS = "fits"
    FAULTS = "faults"
    NOT_LISTED = "not-listed"
    OTHER_KIND = "other-kind"
    NO_LABEL = "no-label"
    NO_INPUT = "no-input"
    TOO_FEW_RECORDS = "too-few-records"
    EMPTY_PART = "empty-part"
    ONE_LABEL = "one-label"


class TransferKind(StrEnum):
    """A line of the outbound log says which of these left."""

    HELLO = "hello"
    PROGRESS = "progress"
    ANSWER = "answer"
    UPDATE = "update"
    METRICS = "metrics"
    CLASS_REPORT = "class-report"
    CLASS_CODES = "class-codes"
    READINESS = "readiness"
    POLICY = "policy"
    FIT = "fit"
    WITHDRAWAL = "withdrawal"
