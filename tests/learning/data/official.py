"""A tiny download that looks like the official one: quoted cells, "?" for unknown, Y and N, a table of clicks."""

import csv
import gzip
import zipfile
from pathlib import Path

COURSES = ("AAA", "BBB")
PRESENTATIONS = ("2013J", "2014B")
RESULTS = ("Pass", "Fail", "Distinction", "Withdrawn", "Fail")
BANDS = ("0-10%", "10-20", "90-100%", "?")
LEVELS = ("A Level or Equivalent", "Lower Than A Level", "No Formal quals")
STUDENTS = 40

Sheet = list[list[object]]


def files() -> dict[str, Sheet]:
    """Students 1..40 in every presentation of both courses, and what they handed in."""
    info: Sheet = [
        [
            "code_module",
            "code_presentation",
            "id_student",
            "gender",
            "region",
            "highest_education",
            "imd_band",
            "age_band",
            "num_of_prev_attempts",
            "studied_credits",
            "disability",
            "final_result",
        ]
    ]
    assessments: Sheet = [
        ["code_module", "code_presentation", "id_assessment", "assessment_type", "date", "weight"]
    ]
    done: Sheet = [["id_assessment", "id_student", "date_submitted", "is_banked", "score"]]
    for number, (course, term) in enumerate((c, p) for c in COURSES for p in PRESENTATIONS):
        early, late, exam = (100 * number + k for k in (1, 2, 3))
        assessments += [
            [course, term, early, "TMA", "20", "40"],
            [course, term, late, "CMA", "150", "60"],
        ]
        assessments.append([course, term, exam, "Exam", "?", "100"])
        for who in range(1, STUDENTS + 1):
            info.append(
                [
                    course,
                    term,
                    who,
                    "FM"[who % 2],
                    "Scotland",
                    LEVELS[who % 3],
                    BANDS[who % 4],
                    "0-35",
                    who % 2,
                    60 + 30 * (who % 3),
                    "NY"[who % 5 == 0],
                    RESULTS[who % 5],
                ]
            )
            if who % 10:
                done.append([early, who, 18 + who, 0, "?" if who == 7 else 50 + who])
            done.append([late, who, 151, 0, 90])
    return {"studentInfo": info, "assessments": assessments, "studentAssessment": done}


def content(rows: Sheet) -> bytes:
    lines: list[str] = []

    class _Lines:
        def write(self, line: str) -> None:
            lines.append(line)

    csv.writer(_Lines(), quoting=csv.QUOTE_ALL).writerows(rows)
    return "".join(lines).encode()


def as_folder(folder: Path, *, gzipped: bool = False) -> Path:
    folder.mkdir()
    for name, rows in files().items():
        whole = content(rows)
        path = folder / (name + (".csv.gz" if gzipped else ".csv"))
        path.write_bytes(gzip.compress(whole) if gzipped else whole)
    return folder


def as_zip(path: Path) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, rows in files().items():
            archive.writestr(f"{name}.csv", content(rows))
        archive.writestr("studentVle.csv", '"id_site","sum_click"\r\n"1","2"\r\n')
    return path
