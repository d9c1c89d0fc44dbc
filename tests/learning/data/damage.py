"""Ways to damage a good data folder, each with the fault that must be told."""

import csv
import gzip
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

Damage = Callable[[Path], None]


@dataclass(frozen=True)
class Case:
    """`says` stands in what is told; `fixes` in the fix."""

    name: str
    damage: Damage
    file: str
    row: int | None
    column: str | None
    says: str
    fixes: str = ""
    blocks: bool = True


def yaml(old: str, new: str) -> Damage:
    def damage(folder: Path) -> None:
        path = folder / "dataset.yaml"
        text = path.read_text("utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding="utf-8")

    return damage


def cell(row: int, column: str, value: str) -> Damage:
    """Row as a spreadsheet counts."""

    def damage(folder: Path) -> None:
        rows = read(folder / "records.csv")
        rows[row - 1][rows[0].index(column)] = value
        write(folder / "records.csv", rows)

    return damage


def cells(rows: range, column: str, value: str) -> Damage:
    def damage(folder: Path) -> None:
        for row in rows:
            cell(row, column, value)(folder)

    return damage


def replaced(file: str, change: Callable[[bytes], bytes]) -> Damage:
    def damage(folder: Path) -> None:
        path = folder / file
        path.write_bytes(change(path.read_bytes()))

    return damage


def repeat(row: int) -> Damage:
    def damage(folder: Path) -> None:
        rows = read(folder / "records.csv")
        write(folder / "records.csv", [*rows, rows[row - 1]])

    return damage


def header(old: str, new: str) -> Damage:
    return cell(1, old, new)


def read(path: Path) -> list[list[str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


def write(path: Path, rows: list[list[str]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)


def gone(file: str) -> Damage:
    return lambda folder: (folder / file).unlink()


def _latin(content: bytes) -> bytes:
    lines = content.split(b"\n")
    lines[4] = lines[4].replace(b",", b",\xe9", 1)
    return b"\n".join(lines)


def _short(content: bytes) -> bytes:
    lines = content.split(b"\n")
    lines[6] = lines[6].rsplit(b",", 1)[0]
    return b"\n".join(lines)


def _unclosed(content: bytes) -> bytes:
    lines = content.split(b"\n")
    lines[3] = b'"' + lines[3]
    return b"\n".join(lines)


YAML, CSV = "dataset.yaml", "records.csv"
HILL = [
    Case("no dataset.yaml", gone(YAML), YAML, None, None, "has no dataset.yaml"),
    Case(
        "yaml", yaml("simulated: true", "simulated: [true"), YAML, 4, None, "not readable as YAML"
    ),
    Case(
        "unknown field",
        yaml("records:", "recrods: x.csv\nrecords:"),
        YAML,
        8,
        None,
        "field recrods is unknown",
        "Did you mean records?",
    ),
    Case(
        "unknown field in a task",
        yaml("    label: outcome", "    label: outcome\n    lables: {}"),
        YAML,
        26,
        None,
        "tasks.at-risk-week6.lables is unknown",
        "Did you mean labels?",
    ),
    Case("missing field", yaml("term: term\n", ""), YAML, 1, None, "field term is missing"),
    Case("field twice", yaml("term: term", "term: term\nterm: x"), YAML, 7, None, "stands twice"),
    Case("wrong kind", yaml("track: categorical", "track: ordinal"), YAML, 17, None, "track"),
    Case("way out", yaml("records: records.csv", "records: ../x.csv"), YAML, 8, None, "inside"),
    Case("missing file", gone(CSV), CSV, None, None, "file is missing"),
    Case(
        "missing column",
        header("average", "averge"),
        CSV,
        None,
        "average",
        "column is missing",
        "Did you mean averge?",
    ),
    Case("column twice", header("late", "average"), CSV, 1, "average", "Two columns"),
    Case("wrong type", cell(9, "average", "12,5"), CSV, 9, "average", "'12,5' is not a number"),
    Case("infinite", cell(9, "average", "inf"), CSV, 9, "average", "not a number"),
    Case("not a number", cell(9, "average", "nan"), CSV, 9, "average", "not a number"),
    Case("wrong label type", cell(5, "next_score", "B"), CSV, 5, "next_score", "not a number"),
    Case(
        "unknown label",
        cell(7, "outcome", "withdrawn"),
        CSV,
        7,
        "outcome",
        "'withdrawn' is no label",
        "on-track, at-risk",
    ),
    Case(
        "unseen values",
        cells(range(2, 7), "track", "XYZ"),
        YAML,
        None,
        "track",
        "5 rows have a value that the sheet does not list: 'XYZ' (5)",
        "tasks.at-risk-week6.values.programme",
        blocks=False,
    ),
    Case("row twice", repeat(11), CSV, 126, None, "repeats row 11"),
    Case("empty student", cell(3, "student_id", " "), CSV, 3, "student_id", "id is empty"),
    Case("class code", cell(4, "class_code", "7A (new)"), CSV, 4, "class_code", "'7A (new)'"),
    Case("no class code", cell(4, "class_code", ""), CSV, 4, "class_code", "code is empty"),
    Case("split", cell(4, "part", "dev"), CSV, 4, "part", "'dev' is no part"),
    Case("not UTF-8", replaced(CSV, _latin), CSV, 5, None, "not UTF-8"),
    Case("uneven row", replaced(CSV, _short), CSV, 7, None, "header has"),
    Case("open quote", replaced(CSV, _unclosed), CSV, None, None, "not readable as CSV"),
    Case(
        "semicolons",
        replaced(CSV, lambda c: c.replace(b",", b";")),
        CSV,
        1,
        None,
        "not separated by commas",
    ),
    Case("empty file", replaced(CSV, lambda _c: b""), CSV, 1, None, "no header"),
    Case(
        "unlisted column",
        yaml("mean_score: average", "mean_score: averag"),
        YAML,
        None,
        "averag",
        "no modality lists the column averag",
        "Did you mean average?",
    ),
    Case(
        "label as input",
        yaml("mean_score: average", "mean_score: outcome"),
        YAML,
        None,
        "outcome",
        "the label is also the input mean_score",
    ),
    Case(
        "unknown value in the mapping",
        yaml("GEN: general", "GEN: genral"),
        YAML,
        None,
        None,
        "'genral' is no value of input programme",
        "Did you mean general?",
    ),
    Case(
        "input the sheet lacks",
        yaml("days_late: late", "days_late: late\n      absences: late"),
        YAML,
        None,
        None,
        "the sheet has no input absences",
        blocks=False,
    ),
    Case(
        "task kind", yaml("kind: multiclass", "kind: binary"), YAML, None, "final_band", "is binary"
    ),
    Case(
        "column kind",
        yaml("track: categorical", "track: numeric"),
        YAML,
        None,
        "track",
        "input programme of the sheet is categorical",
    ),
    Case(
        "other unit",
        cells(range(2, 126), "average", "2500"),
        YAML,
        None,
        "average",
        "far from what the sheet expects",
        blocks=False,
    ),
    Case(
        "too few records",
        cells(range(12, 126), "outcome", ""),
        CSV,
        None,
        "outcome",
        "10 records are left; the sheet needs 20",
        blocks=False,
    ),
    Case(
        "nobody in the test part",
        cells(range(2, 126), "part", "train"),
        CSV,
        None,
        "outcome",
        "No record is in the part test",
        blocks=False,
    ),
    Case(
        "one label only",
        cells(range(2, 126), "outcome", "passed"),
        CSV,
        None,
        "outcome",
        "All training records have the label on-track",
        blocks=False,
    ),
]
GZ = "reflections.csv.gz"
DISTRICT = [
    Case("cut off", replaced(GZ, lambda c: c[: len(c) // 2]), GZ, None, None, "cut off"),
    Case("not gzip", replaced(GZ, gzip.decompress), GZ, None, None, "cut off"),
    Case(
        "two texts for one record",
        replaced(
            GZ, lambda c: gzip.compress(gzip.decompress(c) + gzip.decompress(c).split(b"\n")[5])
        ),
        GZ,
        None,
        None,
        "repeats row 6",
    ),
    Case(
        "no key in the second file",
        replaced(GZ, lambda c: gzip.compress(gzip.decompress(c).replace(b"term", b"trm", 1))),
        GZ,
        None,
        "term",
        "column is missing",
        "Did you mean trm?",
    ),
]
