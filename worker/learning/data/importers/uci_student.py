"""UCI student performance (Cortez and Silva 2008, UCI 320): grades and answers of pupils of two Portuguese schools.

Each school becomes a data folder. The set has two files, mathematics and Portuguese, that share many pupils and name
none, so one import takes one of them. Questions about family, health and alcohol are sensitive here, as are age and
sex. The official zip holds another zip with semicolons in its files; commas are read too.
"""

from worker.learning.data.importers.download import Download, Row
from worker.learning.data.importers.drawing import part
from worker.learning.data.importers.fields import (
    Field,
    Scaling,
    kept,
    modalities,
    numeric,
    scaling,
    sheets,
)
from worker.learning.data.importers.importer import Importer
from worker.learning.data.importers.results import (
    FAIRNESS_COLUMNS,
    SPLIT_SEED,
    Chosen,
    Made,
    Option,
    SiteFolder,
    SourceFault,
    smaller,
)
from worker.protocol.tasks import TaskSheet
from worker.protocol.text import N_, _

OFFICIAL = {"mat": 395, "por": 649}
PASS_MARK = 10
_TERM = "2005-06"
_LEVELS = "1 to 5"
_YES = ("no", "yes")


def _choice(name: str, *values: str, sensitive: bool = False) -> Field:
    return Field(name, "categorical", values=values, sensitive=sensitive)


_JOBS = ("at_home", "health", "other", "services", "teacher")
_GRADES = (Field("G1", unit="points of 20"), Field("G2", unit="points of 20"))
FIELDS = (
    Field("absences", unit="lessons"),
    Field("failures", unit="classes, at most 4"),
    Field("studytime", unit="1 to 4"),
    Field("traveltime", unit="1 to 4"),
    Field("freetime", unit=_LEVELS),
    Field("goout", unit=_LEVELS),
    _choice("reason", "course", "home", "other", "reputation"),
    *(_choice(c, *_YES) for c in ("schoolsup", "paid", "activities", "nursery", "higher")),
    _choice("internet", *_YES),
    Field("age", unit="years", sensitive=True),
    *(Field(c, unit="0 to 4", sensitive=True) for c in ("Medu", "Fedu")),
    *(Field(c, unit=_LEVELS, sensitive=True) for c in ("famrel", "Dalc", "Walc", "health")),
    _choice("sex", "F", "M", sensitive=True),
    _choice("address", "R", "U", sensitive=True),
    _choice("famsize", "GT3", "LE3", sensitive=True),
    _choice("Pstatus", "A", "T", sensitive=True),
    *(_choice(c, *_JOBS, sensitive=True) for c in ("Mjob", "Fjob")),
    _choice("guardian", "father", "mother", "other", sensitive=True),
    *(_choice(c, *_YES, sensitive=True) for c in ("famsup", "romantic")),
)


def _records(download: Download, subject: str, seed: int) -> list[Row]:
    """One row per pupil, named by subject and place: the set names nobody."""
    names = [f.name for f in (*FIELDS, *_GRADES)]
    records: list[Row] = []
    for place, row in enumerate(download.rows(f"student-{subject}", ["school", *names, "G3"]), 1):
        if not row["school"].isalnum() or not row["G3"].isdigit():
            what = _("{name} is not what the set has: {expected}. Take the official download.")
            expected = "school (GP, MS), G3 (0-20)"
            raise SourceFault(what.format(name=f"student-{subject}.csv", expected=expected))
        who = f"{subject}-{place:03d}"
        records.append(
            {
                "student": who,
                "class": subject,
                "term": _TERM,
                "split": part("uci-student", seed, who),
                "school": row["school"],
                **{name: row[name] for name in names},
                "final_grade": row["G3"],
                "result": "passed" if int(row["G3"]) >= PASS_MARK else "failed",
            }
        )
    return records


def _make(download: Download, chosen: Chosen) -> Made:
    subject = str(chosen["subject"])
    if subject not in OFFICIAL:
        what = _("{flag} takes one of: {values}.")
        raise SourceFault(what.format(flag="--subject", values=", ".join(OFFICIAL)))
    records = _records(download, subject, int(chosen["split_seed"]))
    every = FIELDS if chosen["without_grades"] else (*_GRADES, *FIELDS)
    fields = kept(every, chosen)
    wanted = ["student", "class", "term", "split", "final_grade", "result"]
    wanted += [f.name for f in fields]
    scale = scaling(records, "school", [*numeric(every), "final_grade"])
    schools = sorted({row["school"] for row in records})
    sites = {school: [row for row in records if row["school"] == school] for school in schools}
    return Made(
        sites=(
            SiteFolder(
                site=school.lower(),
                name=f"uci-student-{school.lower()}-{subject}",
                title=f"UCI student performance, school {school}, {subject}",
                records={c: [row[c] for row in rows] for c in wanted},
                modalities=modalities(fields),
            )
            for school, rows in sites.items()
        ),
        sheets=_sheets(every, scale, chosen, subject),
        notes=(
            _("Two sites are too few for secure aggregation, which needs three."),
            *smaller(len(records), OFFICIAL[subject]),
        ),
    )


def _sheets(
    fields: tuple[Field, ...], scale: Scaling, chosen: Chosen, subject: str
) -> tuple[TaskSheet, ...]:
    failing = sheets(
        fields,
        scale,
        chosen,
        name=f"at-risk-{subject}",
        target="Will a pupil fail the year, with fewer than 10 of 20 points?",
        kind="binary",
        label="result",
        labels=("passed", "failed"),
        metric="auc",
        simple_rule=None if chosen["without_grades"] else "G2",
    )
    return failing + sheets(
        fields,
        scale,
        chosen,
        name=f"grade-{subject}",
        target="Which final grade does a pupil reach, from 0 to 20?",
        kind="regression",
        label="final_grade",
        unit="points of 20",
        metric="rmse",
    )


UCI_STUDENT = Importer(
    name="uci-student",
    title="UCI student performance (CC BY 4.0)",
    options=(
        Option("subject", "por", "Portuguese (por) or mathematics (mat)."),
        Option("without_grades", False, "Leave out G1 and G2, which nearly give the final grade."),
        FAIRNESS_COLUMNS,
        SPLIT_SEED,
    ),
    make=_make,
    consent=N_(
        "Consent: pupils of 15 to 22. Their ages are left out as sensitive, and the set has no columns of consent, so "
        "under a policy that names an age nobody trains until the data steward says in dataset.yaml who may."
    ),
)
