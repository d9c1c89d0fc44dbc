"""ELLIPSE: essays of learners of English, scored on seven traits (Crossley et al. 2023). Non-commercial licence.

Sites are grades: 8, 9 and 10, 11, 12; a class is a prompt. The authors give the training half as a CSV file and the
test half in an archive locked by a password, which their README tells; either half, or both, is read. An essay stands
for one student: the set names none.
"""

import re

from worker.learning.data.importers.download import Download, Row
from worker.learning.data.importers.drawing import part
from worker.learning.data.importers.fields import (
    Field,
    Scaling,
    kept,
    modalities,
    numeric,
    scaling,
    score_sheets,
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

OFFICIAL = (3_911, 2_571, 6_482)
"""Essays of the training half, of the test half, of both."""
FILES = ("ELLIPSE_Final_github_train", "ELLIPSE_Final_github_test")
TRAITS = (
    "Overall",
    "Cohesion",
    "Syntax",
    "Vocabulary",
    "Phraseology",
    "Grammar",
    "Conventions",
)
_SITES = {"8": "grade-8", "9": "grade-9-10", "10": "grade-9-10", "11": "grade-11", "12": "grade-12"}
_TERM = "corpus"
_COLUMNS = (
    "text_id_kaggle",
    "full_text",
    "gender",
    "grade",
    "race_ethnicity",
    "num_words",
    "SES",
    "prompt",
    *TRAITS,
)
FIELDS = (
    Field("words", unit="words"),
    Field("essay", "text"),
    Field("gender", "categorical", values=("Female", "Male"), sensitive=True),
    Field(
        "ethnic_group",
        "categorical",
        values=(
            "American Indian/Alaskan Native",
            "Asian/Pacific Islander",
            "Black/African American",
            "Hispanic/Latino",
            "Two or more races/Other",
            "White",
        ),
        sensitive=True,
    ),
    Field(
        "disadvantage",
        "categorical",
        values=("Economically disadvantaged", "Not economically disadvantaged"),
        sensitive=True,
    ),
)


def _records(download: Download, seed: int, *, by_prompt: bool) -> list[Row]:
    there = [name for name in FILES if download.has(name)]
    if not there:
        what = _("{name} is not in {path}: take the whole official download.")
        names = ", ".join(f"{name}.csv" for name in FILES)
        raise SourceFault(what.format(name=names, path=download.src))
    return [
        _record(row, seed, by_prompt=by_prompt)
        for name in there
        for row in download.rows(name, _COLUMNS)
    ]


def _record(row: Row, seed: int, *, by_prompt: bool) -> Row:
    who, site = row["text_id_kaggle"], _SITES.get(row["grade"])
    if site is None or not who:
        what = _("{name} is not what the set has: {expected}. Take the official download.")
        raise SourceFault(what.format(name="ELLIPSE", expected="text_id_kaggle, grade (8-12)"))
    prompt = re.sub(r"[^A-Za-z0-9 ._/-]+", "-", row["prompt"]).strip(" -")[:60]
    return {
        "student": who,
        "class": prompt,
        "term": _TERM,
        "split": part("ellipse", seed, prompt if by_prompt else who),
        "site": site,
        "words": row["num_words"],
        "essay": row["full_text"],
        "gender": row["gender"],
        "ethnic_group": row["race_ethnicity"],
        "disadvantage": row["SES"],
        **{trait.lower(): row[trait] for trait in TRAITS},
    }


def _make(download: Download, chosen: Chosen) -> Made:
    seed = int(chosen["split_seed"])
    records = _records(download, seed, by_prompt=bool(chosen["leave_prompts_out"]))
    fields = kept(FIELDS, chosen)
    traits = [trait.lower() for trait in TRAITS]
    scale = scaling(records, "site", [*numeric(FIELDS), *traits])
    wanted = ["student", "class", "term", "split", *traits, *(f.name for f in fields)]
    sites = dict.fromkeys(
        site for site in _SITES.values() if any(r["site"] == site for r in records)
    )
    return Made(
        sites=(
            SiteFolder(
                site=site,
                name=f"ellipse-{site}",
                title=f"ELLIPSE, {site.replace('-', ' ')}",
                records={c: [row[c] for row in records if row["site"] == site] for c in wanted},
                modalities=modalities(fields),
            )
            for site in sites
        ),
        sheets=_sheets(scale, chosen, traits),
        notes=(
            _("The licence is non-commercial: ship no model that was trained on these essays."),
            *smaller(len(records), *OFFICIAL),
        ),
    )


def _sheets(scale: Scaling, chosen: Chosen, traits: list[str]) -> tuple[TaskSheet, ...]:
    """A task for each trait, and one that asks for all of them."""
    each = score_sheets(
        FIELDS,
        scale,
        chosen,
        {trait: trait for trait in traits},
        "Which score does an expert give this essay for {score}, from 1 to 5?",
        "points of 5",
    )
    every = sheets(
        FIELDS,
        scale,
        chosen,
        name="essay-rubric",
        target="Which scores does an expert give this essay on seven traits, from 1 to 5?",
        purpose="feedback",
        kind="rubric",
        label=traits[0],
        traits=tuple(traits),
        unit="points of 5",
        metric="mcrmse",
    )
    return each + every


ELLIPSE = Importer(
    name="ellipse",
    title="ELLIPSE, essays of learners of English (CC BY-NC-SA 4.0: non-commercial)",
    options=(
        Option("leave_prompts_out", False, "Split by prompt, so that the test has other prompts."),
        FAIRNESS_COLUMNS,
        SPLIT_SEED,
    ),
    make=_make,
    consent=N_(
        "Consent: pupils of schools. The set has no ages and no columns of consent, so under a policy that names an "
        "age nobody trains until the data steward says in dataset.yaml who may."
    ),
)
