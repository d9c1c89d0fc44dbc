"""Why learning stopped. Each fault carries the code a site may send; the text stays in the site's log."""

from worker.protocol.codes import Failure, Refusal


class LearningFault(Exception):
    """The job cannot give an answer. `code` is what the hub is told."""

    code: Failure | Refusal = Failure.UNEXPECTED


class ModelMissing(LearningFault):
    """A base model's folder is not here, or holds something else than the manifest says."""

    code = Failure.MODEL_MISSING


class NoWaveform(LearningFault):
    """A recording is a ready log-mel array, and the federation's speech model hears waveforms."""

    code = Failure.NEEDS_WAVEFORMS


class NoCard(LearningFault):
    """The site's settings ask for a graphics card, and none can be used."""

    code = Failure.NO_CARD


class StateMismatch(LearningFault):
    """The modules given do not have the names and shapes this model needs."""

    code = Failure.OBJECT_MISMATCH


class NotFinite(LearningFault):
    """Training left the numbers: the learning rate is too high or an input is not scaled."""

    code = Failure.NOT_FINITE


class NoRecords(LearningFault):
    """The site has no training record for any task of this job."""

    code = Refusal.NO_MATCHING_DATA
