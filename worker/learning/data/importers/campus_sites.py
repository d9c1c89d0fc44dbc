"""The four invented institutions of the simulated campus: how they are built, and how they write things down."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Profile:
    """One institution. `columns` and `programmes` are its own words for what the task sheets name."""

    slug: str
    name: str
    kind: str
    students: int
    classes: Sequence[str]
    terms: Sequence[str]
    load: float
    """Classes per student and term."""
    files: tuple[str, str | None]
    """The file of the records and the file of the texts: None where no texts are kept."""
    first_class: float = 1.0
    """How many times as popular the first class is as each other one: a large lecture."""
    columns: Mapping[str, str] = field(default_factory=dict)
    programmes: Mapping[str, str] = field(default_factory=dict)
    outcomes: tuple[str, str] = ("on-track", "at-risk")


def _groups(subjects: Sequence[str], years: Sequence[int], letters: str) -> tuple[str, ...]:
    return tuple(f"{s}-{y}{letter}" for s in subjects for y in years for letter in letters)


PROFILES: tuple[Profile, ...] = (
    Profile(
        slug="lakeside-district",
        name="Lakeside District",
        kind="district",
        students=640,
        classes=("MATH-ONLINE-1", "MATH-ONLINE-2", "SCI-ONLINE-1", "ENG-ONLINE-1", "HIST-EVENING"),
        terms=("2025-26",),
        load=1.5,
        files=("records.csv.gz", "reflections.csv.gz"),
    ),
    Profile(
        slug="lakeside-hill-school",
        name="Lakeside Hill School",
        kind="school",
        students=310,
        classes=(*_groups(("MATH", "SCI"), (7, 8, 9), "A"), *_groups(("ENG",), (7, 8), "AB")),
        terms=("2025-26",),
        load=2.0,
        files=("records.csv", "records.csv"),
        columns={"mean_score": "average", "days_late": "late", "programme": "track"},
        programmes={"GEN": "general", "ADV": "advanced", "TEC": "technical", "ART": "arts"},
        outcomes=("passed", "not passed"),
    ),
    Profile(
        slug="lakeside-bay-school",
        name="Lakeside Bay School",
        kind="school",
        students=180,
        classes=("MATH-7A", "MATH-8A", "ART-7A", "ART-7B", "ART-8A"),
        terms=("2025-26",),
        load=1.8,
        files=("records.csv", None),
    ),
    Profile(
        slug="northmoor-university",
        name="Northmoor University",
        kind="university",
        students=1500,
        classes=(
            "BIO-101",
            "BIO-120",
            "CHEM-101",
            "COMP-110",
            "COMP-140",
            "ECON-101",
            "HIST-130",
            "MATH-110",
            "MATH-150",
            "PSY-101",
        ),
        terms=("2025-autumn", "2026-spring"),
        load=0.8,
        first_class=4.0,
        files=("records.parquet", "reflections.parquet"),
        columns={"logins_week": "weekly_visits", "prior_attempts": "attempts_before"},
    ),
)
