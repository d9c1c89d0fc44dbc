"""The closed lists of the protocol, said for people."""

from worker.protocol.codes import (
    Chosen,
    ClassUse,
    Failure,
    Fitness,
    JobKind,
    Phase,
    TransferKind,
    UploadRefusal,
)
from worker.protocol.text import _


def phase(value: Phase) -> str:
    """What a site does now."""
    return {
        Phase.CLAIMED: _("Starting"),
        Phase.FETCHING: _("Fetching the model"),
        Phase.LOADING: _("Reading its records"),
        Phase.ENCODING: _("Preparing"),
        Phase.TRAINING: _("Training"),
        Phase.EVALUATING: _("Measuring"),
        Phase.STORED: _("Ready to upload"),
        Phase.UPLOADING: _("Uploading"),
        Phase.DONE: _("Finishing"),
    }[value]


def failure(value: Failure) -> str:
    return {
        Failure.STALLED: _("It stood still for too long."),
        Failure.HARD_LIMIT: _("It took longer than a job may."),
        Failure.OUT_OF_MEMORY: _("Its memory was not enough."),
        Failure.DISK_FULL: _("Its disk is full."),
        Failure.DATA_FAULT: _("Its records have a fault. “data check” at the site names it."),
        Failure.MODEL_MISSING: _("It could not fetch the base model."),
        Failure.NEEDS_WAVEFORMS: _(
            "Its recordings are ready arrays; the speech model hears WAV files. Put those in their place."
        ),
        Failure.NO_CARD: _("Its settings ask for a graphics card, and none can be used there."),
        Failure.OBJECT_MISMATCH: _("What it fetched was not what the hub had named."),
        Failure.NOT_FINITE: _("Training gave numbers that are not finite."),
        Failure.LOST_CHILD: _("Its system ended the training."),
        Failure.STOPPED: _("It was stopped at the site."),
        Failure.PAUSED: _("It was paused."),
        Failure.OUTSIDE_HOURS: _("Its working hours ended."),
        Failure.CANCELLED: _("It was cancelled."),
        Failure.UNEXPECTED: _("Something unexpected happened. The site’s own log says more."),
    }[value]


def fitness(value: Fitness) -> str:
    """How records serve a task sheet."""
    return {
        Fitness.FITS: _("The records fit."),
        Fitness.FAULTS: _("The data folder has faults."),
        Fitness.NOT_LISTED: _("The data folder does not list this task."),
        Fitness.OTHER_KIND: _("The task is of another kind there."),
        Fitness.NO_LABEL: _("Its label cannot be read."),
        Fitness.NO_INPUT: _("None of its inputs is there."),
        Fitness.TOO_FEW_RECORDS: _("Too few records are left."),
        Fitness.EMPTY_PART: _("A part to train on or to test with has no record."),
        Fitness.ONE_LABEL: _("All records to train on have the same label."),
    }[value]


def fitness_fix(value: Fitness) -> str:
    """What a person at the site does about it; empty when the records fit."""
    return {
        Fitness.FITS: "",
        Fitness.FAULTS: _("“collegium-site data check FOLDER” names each fault with its fix."),
        Fitness.NOT_LISTED: _("List it under “tasks” in dataset.yaml, with its label."),
        Fitness.OTHER_KIND: _("Set its “kind” in dataset.yaml as the sheet has it."),
        Fitness.NO_LABEL: _("Name the column with the label in dataset.yaml."),
        Fitness.NO_INPUT: _("Map columns to its inputs in dataset.yaml."),
        Fitness.TOO_FEW_RECORDS: _("Add records or labels, or take no part in this task."),
        Fitness.EMPTY_PART: _("Move some students into that part."),
        Fitness.ONE_LABEL: _("Add records with another label, or look at the label mapping."),
    }[value]


def upload_refusal(value: UploadRefusal) -> str:
    """Why the hub did not take an update."""
    return {
        UploadRefusal.TRUNCATED: _("The update was cut off."),
        UploadRefusal.TOO_LARGE: _("The update was too large."),
        UploadRefusal.WRONG_DIGEST: _("The update’s digest was not the one announced."),
        UploadRefusal.NOT_SAFETENSORS: _("The update was not in the agreed format."),
        UploadRefusal.WRONG_NAMES: _("The update named model parts that this run does not have."),
        UploadRefusal.WRONG_SHAPE: _("A model part had the wrong shape."),
        UploadRefusal.WRONG_DTYPE: _("A model part had the wrong kind of numbers."),
        UploadRefusal.NOT_FINITE: _("The update held numbers that are not finite."),
        UploadRefusal.NORM_TOO_LARGE: _(
            "The update was far larger than one round of training makes."
        ),
        UploadRefusal.WRONG_BASE: _("The update started from another model."),
        UploadRefusal.WRONG_KEY: _("The update was not signed by this site’s key."),
        UploadRefusal.WRONG_WEIGHT: _("The update claimed a weight that cannot be."),
        UploadRefusal.WRONG_RECEIPT: _("The update’s receipt does not fit the job it answers."),
        UploadRefusal.KEPT_ROW: _("The update changed a row that stays with its site."),
        UploadRefusal.REPLAYED: _("The update had been sent before."),
        UploadRefusal.SECOND_UPDATE: _("A second, different update came. The first one counts."),
        UploadRefusal.STALE_CLAIM: _("The job had gone to a later claim."),
        UploadRefusal.ROUND_CLOSED: _("The update came after the round was closed."),
        UploadRefusal.UNREADABLE: _("The update could not be read."),
    }[value]


def transfer(kind: str) -> str:
    """What a line of 'what left' was."""
    try:
        value = TransferKind(kind)
    except ValueError:
        return kind
    return {
        TransferKind.HELLO: _("A sign of life"),
        TransferKind.PROGRESS: _("Progress of a job"),
        TransferKind.ANSWER: _("Answer to a job"),
        TransferKind.UPDATE: _("Update of the model"),
        TransferKind.METRICS: _("Figures on quality"),
        TransferKind.CLASS_REPORT: _("Class report"),
        TransferKind.CLASS_CODES: _("Codes of classes"),
        TransferKind.READINESS: _("Readiness"),
        TransferKind.POLICY: _("Acceptance of a policy"),
        TransferKind.FIT: _("Fit of the records with task sheets"),
        TransferKind.WITHDRAWAL: _("That someone withdrew consent"),
    }[value]


def job(value: JobKind) -> str:
    return {
        JobKind.TRAIN: _("Train for a round"),
        JobKind.EVALUATE: _("Measure the model"),
        JobKind.BASELINE: _("Measure what to compare with"),
        JobKind.PERSONAL: _("Make the site’s own model"),
        JobKind.REPORT: _("Make class reports"),
        JobKind.SWITCH_RELEASE: _("Switch to a release"),
    }[value]


def chosen(value: Chosen) -> str:
    """Within a sentence."""
    return {
        Chosen.SHARED: _("the shared model"),
        Chosen.PERSONAL: _("its own model, held near the shared one"),
        Chosen.ALONE: _("its own model, trained alone"),
    }[value]


def class_use(value: ClassUse) -> str:
    """A sentence of its own."""
    return {
        ClassUse.INSTITUTION: _(
            "The site’s model as it is. Nothing is fitted to this class alone."
        ),
        ClassUse.HEAD: _("The site’s model, its last step (head) fitted to this class."),
        ClassUse.ADAPTER: _(
            "The site’s model, its last step (head) and a small one before it (adapter) fitted to this class."
        ),
    }[value]


def sent_reason(code: str) -> str:
    """Why something left: the job that asked, or the act."""
    acts = {
        "policy-accepted": _("A person accepted the policy"),
        "readiness-check": _("The site was checked"),
        "sheets-asked": _("A person held the records against task sheets"),
        "sheets-fitted": _("A person held the records against task sheets"),
        "classes-offered": _("The policy lets class codes out"),
        "hello": _("To hear what is new"),
        "confirm": _("A job was taken"),
        "renew": _("A job is still held"),
        "object": _("A model part was asked for"),
        "receipts-asked": _("A person compared this log with the hub’s receipts"),
        "key-announced": _("The site’s key changed"),
        "upload-header": _("A round’s update, announced"),
        "upload-chunk": _("A round’s update, one piece"),
        "metrics": _("A job to measure was done"),
        "class-report": _("A job for class reports was done"),
        "update": _("A job to train was done"),
        "switched": _("A release is in use here"),
        "refused": _("The policy here refuses a job"),
        "failed": _("A job could not be done"),
    }
    if code in acts:
        return acts[code]
    if code in set(JobKind):
        return job(JobKind(code))
    if code in set(Phase):
        return phase(Phase(code))
    return failure(Failure(code)) if code in set(Failure) else code


def module(name: str) -> str:
    """A part of the model, as people call it; its own name where we have no word."""
    kind, _slash, rest = name.partition("/")
    word = {
        "encoder": {
            "table": _("Reads tables"),
            "text": _("Reads texts"),
            "audio": _("Hears recordings"),
            "image": _("Sees images"),
            "events": _("Follows events"),
        }.get(rest, ""),
        "fusion": _("Brings inputs together"),
        "head": _("Answers “{task}”").format(task=rest),
        "adapter": _("Adapts the text model"),
    }.get(kind, "")
    return f"{word} ({name})" if word else name
