"""What an instructor may say of a report: closed lists. A sentence could name a student, and the hub holds none."""

from enum import StrEnum


class Fitting(StrEnum):
    """Whether the report fits what its reader sees in class."""

    FITS = "fits"
    PARTLY = "partly"
    NOT = "not"
    UNSURE = "unsure"


class StepTaken(StrEnum):
    """What its reader did after reading."""

    NOTHING = "nothing"
    SUGGESTED = "suggested"
    OTHER = "other"
