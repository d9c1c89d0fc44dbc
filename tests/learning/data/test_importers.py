"""Every importer on a small download in its official form, and on the real set where that is there."""

from pathlib import Path

import pytest

from tests import needs
from tests.learning import build
from tests.learning.data import sets
from tests.learning.data.imports import OFFICIAL, OPTIONS, columns, made, usable
from worker.learning import simulate
from worker.learning.data.check import inspect
from worker.learning.data.folder import load
from worker.learning.data.importers import REGISTRY, SourceFault
from worker.learning.data.write import DestinationInUse
from worker.protocol.manifest import Training

KEY = b"k" * 32

SENSITIVE = {
    "school": {"gender", "ethnic_group"},
    "uci-student": {"age", "sex", "Dalc", "Walc", "health", "famrel", "Medu", "guardian"},
    "ellipse": {"gender", "ethnic_group", "disadvantage"},
    "speechocean762": {"age", "gender"},
}


def test_every_importer_is_tried() -> None:
    assert set(REGISTRY) == {*OFFICIAL, "oulad"}


@pytest.mark.parametrize("name", OFFICIAL)
def test_what_a_set_tells_of_consent_is_written_and_said(name: str, tmp_path: Path) -> None:
    """Only adults are of age whatever the law says; of the others nobody trains before the data steward decides."""
    found = made(name, tmp_path)
    (said,) = [note for note in found.notes if note.startswith("Consent: ")]
    assert "\n" not in said
    for site, folder in found.folders.items():
        adults = (name, site) == ("speechocean762", "age-26-up")
        seen = inspect(folder, (), 25)
        assert seen.usable and seen.nobody is not adults
        assert ("consent" in (folder / "dataset.yaml").read_text(encoding="utf-8")) is adults
        assert not inspect(folder).nobody, "no age is named: everybody, as before"


@pytest.mark.parametrize("name", OFFICIAL)
def test_the_official_form_becomes_folders_without_a_fault(name: str, tmp_path: Path) -> None:
    found = made(name, tmp_path)
    usable(found)
    assert found.records == sum(len(columns(found, site)["student"]) for site in found.folders)
    parts = {part for site in found.folders for part in columns(found, site)["split"]}
    assert parts == {"train", "validation", "test"}
    for sheet in found.sheets:
        assert any(
            sheet.name in load(f, [sheet], pseudonym_key=KEY).tasks for f in found.folders.values()
        )


@pytest.mark.parametrize(
    ("name", "works"),
    [
        ("school", {"Reading school.mat"}),
        ("assistments2009", {"Reading skill_builder_data_corrected_collapsed.csv"}),
        ("speechocean762", {"Copying recordings and images", "Listening to recordings"}),
    ],
)
def test_an_import_tells_how_far_it_is(name: str, works: set[str], tmp_path: Path) -> None:
    last: dict[str, tuple[int, int]] = {}

    def told(what: str, done: int, whole: int) -> None:
        assert (done, whole) >= last.get(what, (0, 0)), "never back"
        last[what] = (done, whole)

    found = made(name, tmp_path, told=told)
    assert set(last) == works
    assert all(done == whole > 0 for done, whole in last.values())
    if name == "speechocean762":
        assert last["Copying recordings and images"][1] == found.records


@pytest.mark.parametrize("name", OFFICIAL)
def test_the_same_download_gives_the_same_bytes_and_never_twice(name: str, tmp_path: Path) -> None:
    first, second = made(name, tmp_path), made(name, tmp_path, "again")
    names = sorted(p.relative_to(tmp_path / "out") for p in (tmp_path / "out").rglob("*"))
    assert names == sorted(
        p.relative_to(tmp_path / "again") for p in (tmp_path / "again").rglob("*")
    )
    files = [n for n in names if (tmp_path / "out" / n).is_file()]
    assert [(tmp_path / "out" / n).read_bytes() for n in files] == [
        (tmp_path / "again" / n).read_bytes() for n in files
    ]
    assert first.folders.keys() == second.folders.keys()
    with pytest.raises(DestinationInUse, match="holds data folders already"):
        made(name, tmp_path)


@pytest.mark.parametrize("name", SENSITIVE)
def test_sensitive_columns_stay_out_unless_asked_for(name: str, tmp_path: Path) -> None:
    plain, asked = made(name, tmp_path), made(name, tmp_path, "asked", fairness_columns=True)
    site = next(iter(plain.folders))
    assert not SENSITIVE[name] & set(columns(plain, site))
    assert not SENSITIVE[name] & {i.name for s in plain.sheets for i in s.inputs}
    assert SENSITIVE[name] <= set(columns(asked, site))
    again = {s.name: s for s in asked.sheets}
    assert all(again[s.name] == s for s in plain.sheets)
    references = [s for s in asked.sheets if s.name.endswith("-reference")]
    assert len(references) == len(plain.sheets)
    assert all(SENSITIVE[name] <= {i.name for i in s.inputs} for s in references)


@pytest.mark.parametrize("name", OFFICIAL)
def test_half_a_download_leaves_nothing_behind(name: str, tmp_path: Path) -> None:
    source = OFFICIAL[name](tmp_path)
    file = source if source.is_file() else next(p for p in source.rglob("*") if p.is_file())
    whole = file.read_bytes()
    cut = len(whole) * 2 // 3
    file.write_bytes(whole[: whole.rindex(b",", 0, cut) if file.suffix == ".csv" else cut])
    with pytest.raises(SourceFault, match=r"download|official"):
        REGISTRY[name].run(source, tmp_path / "out", **OPTIONS.get(name, {}))
    assert list(tmp_path.iterdir()) == [source]


@pytest.mark.parametrize("module", ["../../elsewhere", "/tmp/elsewhere", "", "tasks/.."])
def test_a_site_named_by_the_download_is_no_path(module: str, tmp_path: Path) -> None:
    files = {n: c.replace(b"FaultFinding", module.encode()) for n, c in sets.beetle_xml().items()}
    source = sets.placed(tmp_path / "source", files)
    with pytest.raises(SourceFault, match="names a site"):
        REGISTRY["beetle"].run(source, tmp_path / "inner" / "out")
    assert {p.name for p in tmp_path.rglob("*")} & {"elsewhere", "out"} == set()


@pytest.mark.parametrize(
    ("name", "task"), [("uci-student", "at-risk-por"), ("school", "exam-score")]
)
def test_the_product_trains_on_what_was_imported(name: str, task: str, tmp_path: Path) -> None:
    found = made(name, tmp_path)
    sheet = next(s for s in found.sheets if s.name == task)
    plan = simulate.Plan((sheet,), build.MODEL, Training(epochs=1, batch=16, lr=5e-3), rounds=1)
    given = {n: load(f, [sheet], pseudonym_key=KEY) for n, f in found.folders.items()}
    done = simulate.run(plan, given, simulate.Folders(tmp_path / "work"))
    assert done.rounds[0].sites[f"head/{task}"] == len(found.folders)
    assert done.rounds[0].held == ()


@pytest.mark.parametrize("name", OFFICIAL)
def test_another_set_is_refused(name: str, tmp_path: Path) -> None:
    other = sets.placed(tmp_path / "other", {"cats.csv": b"cat,age\nTom,3\n", "notes.xml": b"<a/>"})
    with pytest.raises(SourceFault, match=r"whole official download|five-way release"):
        REGISTRY[name].run(other, tmp_path / "out")
    assert not (tmp_path / "out").exists()


REAL = {
    "school": ("school", 15_362, 139),
    "uci-student": ("student_performance_uci", 649, 2),
    "ellipse": ("ellipse", 2_571, 4),
    "beetle": ("beetle", 5_199, 3),
    "assistments2009": ("assistments2009", 4_151, 20),
    "speechocean762": ("speechocean762", 5_000, 4),
}


SOUND = pytest.param("speechocean762", marks=pytest.mark.slow)
"""It hears 5,000 recordings; tests/learning/data/test_public_sets.py has the same importer on a few."""


@pytest.mark.parametrize("name", [*(name for name in REAL if name != "speechocean762"), SOUND])
def test_the_real_set_is_whole(name: str, tmp_path: Path) -> None:
    folder, records, sites = REAL[name]
    found = REGISTRY[name].run(needs.data(folder), tmp_path / "out")
    assert (found.records, len(found.folders)) == (records, sites)
    assert not any("is it whole" in note for note in found.notes)
    for path in list(found.folders.values())[:4]:
        findings = inspect(path, found.sheets)
        assert findings.usable and all(fit.usable for fit in findings.fits)
