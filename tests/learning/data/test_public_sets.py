"""What is particular to one public set: its forms, options, sites and faults."""

import json
from math import log
from pathlib import Path

import numpy as np
import pytest
import yaml

from tests.learning.data import sets
from tests.learning.data.imports import columns, made, usable
from worker.learning.data.importers import REGISTRY, SourceFault
from worker.protocol.sound import heard


def test_school_is_read_as_scipy_reads_it(tmp_path: Path) -> None:
    found = made("school", tmp_path, fairness_columns=True)
    assert list(found.folders) == ["school-001", "school-002", "school-003"]
    rows = columns(found, "school-002")
    assert rows["score"] == [str(1 + p) for p in range(25)]
    assert rows["free_meals"] == ["11"] * 25 and rows["top_band"] == ["21"] * 25
    assert rows["class"][:4] == ["year-1", "year-2", "year-3", "year-1"]
    assert rows["gender"][:2] == ["1", "2"]
    assert rows["verbal_band"][:5] == ["1", "2", "3", "", "1"]
    assert rows["ethnic_group"][:12] == [str(1 + p % 11) for p in range(12)]
    plain = REGISTRY["school"].run(
        sets.school(tmp_path / "plain.mat", compressed=False).rename(tmp_path / "school.mat"),
        tmp_path / "flat",
        fairness_columns=True,
    )
    assert columns(plain, "school-002") == rows


def test_school_scales_by_all_training_pupils(tmp_path: Path) -> None:
    found = made("school", tmp_path)
    scores = [
        float(score)
        for site in found.folders
        for score, part in zip(*(columns(found, site)[c] for c in ("score", "split")), strict=True)
        if part == "train"
    ]
    [sheet] = found.sheets
    assert sheet.label_mean == pytest.approx(np.mean(scores), rel=1e-5)
    assert sheet.label_sd == pytest.approx(np.std(scores), rel=1e-5)


def test_uci_takes_one_subject_and_two_separators(tmp_path: Path) -> None:
    portuguese = made("uci-student", tmp_path)
    commas = sets.placed(tmp_path / "commas", sets.uci(","))
    maths = REGISTRY["uci-student"].run(
        commas, tmp_path / "mat", subject="mat", without_grades=True
    )
    assert [s.name for s in portuguese.sheets] == ["at-risk-por", "grade-por"]
    assert [s.name for s in maths.sheets] == ["at-risk-mat", "grade-mat"]
    assert {"G1", "G2"} <= {i.name for i in portuguese.sheets[0].inputs}
    assert not {"G1", "G2"} & {i.name for i in maths.sheets[0].inputs}
    assert len(columns(portuguese, "ms")["student"]) == 20
    rows = columns(portuguese, "gp")
    assert all(
        (int(g) >= 10) == (r == "passed")
        for g, r in zip(rows["final_grade"], rows["result"], strict=True)
    )
    with pytest.raises(SourceFault, match="--subject takes one of: mat, por"):
        REGISTRY["uci-student"].run(commas, tmp_path / "x", subject="latin")


def test_essays_keep_their_lines_and_prompts_can_be_left_out(tmp_path: Path) -> None:
    found = made("ellipse", tmp_path)
    assert list(found.folders) == ["grade-8", "grade-9-10", "grade-11", "grade-12"]
    assert "\nand a second line" in columns(found, "grade-8")["essay"][0]
    assert "A day-s work" in columns(found, "grade-8")["class"]
    asked = made("ellipse", tmp_path, "prompts", leave_prompts_out=True, split_seed=3)
    parts: dict[str, set[str]] = {}
    for site in asked.folders:
        rows = columns(asked, site)
        for prompt, part in zip(rows["class"], rows["split"], strict=True):
            parts.setdefault(prompt, set()).add(part)
    assert all(len(found) == 1 for found in parts.values())


def test_a_locked_archive_says_what_to_do(tmp_path: Path) -> None:
    archive = sets.zipped(tmp_path / "a.zip", {"ELLIPSE_Final_github_test.csv": sets.ellipse(5)})
    content = bytearray(archive.read_bytes())
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(mark) + place] |= 1
    archive.write_bytes(content)
    with pytest.raises(SourceFault, match="is locked: unpack it with the authors' password"):
        REGISTRY["ellipse"].run(archive, tmp_path / "out")


def test_beetle_by_module_and_by_student(tmp_path: Path) -> None:
    found = made("beetle", tmp_path)
    assert list(found.folders) == ["faultfinding", "switchesbulbsparallel", "switchesbulbsseries"]
    assert found.records == 3 * 3 * 30
    rows = columns(found, "faultfinding")
    assert rows["references"][0] == "It is closed || There is no gap"
    assert rows["answer"][0] == "the bulb & gap 0"
    assert set(rows["term"]) == {"l1", "l2"} and "sbjb1" in rows["student"]
    assert set(rows["official_part"]) == {"train", "test-unseen-answers", "test-unseen-questions"}
    assert any("not independent" in note for note in found.notes)
    apart = made("beetle", tmp_path, "apart", sites="3")
    students = [set(columns(apart, site)["student"]) for site in apart.folders]
    assert [len(one) for one in students] == [10, 10, 10] and len(set.union(*students)) == 30
    with pytest.raises(SourceFault, match="--sites takes one of: modules, 2 … 30"):
        made("beetle", tmp_path, "no", sites="schools")


def test_beetle_lacks_a_part_or_declares_entities(tmp_path: Path) -> None:
    files = sets.beetle_xml()
    some = {n: c for n, c in files.items() if "unseen-questions" not in n}
    with pytest.raises(SourceFault, match="part test-unseen-questions is not in"):
        REGISTRY["beetle"].run(sets.placed(tmp_path / "some", some), tmp_path / "out")
    name = next(n for n in files if "beetle/train" in n)
    files[name] = files[name].replace(b"?><", b'?><!DOCTYPE q [<!ENTITY a "b">]><')
    with pytest.raises(SourceFault, match="cut off or no question"):
        REGISTRY["beetle"].run(sets.placed(tmp_path / "bad", files), tmp_path / "out")
    files = {n: c.replace(b'"correct"', b'"incorrect"') for n, c in sets.beetle_xml().items()}
    with pytest.raises(SourceFault, match="partially_correct_incomplete"):
        REGISTRY["beetle"].run(sets.placed(tmp_path / "two", files), tmp_path / "out")


def test_answers_become_events_in_their_order(tmp_path: Path) -> None:
    found = made("assistments2009", tmp_path)
    [sheet] = found.sheets
    skills = sheet.inputs[0].columns[0].values
    assert sheet.kind == "next_answer" and {"30", "31", "32"} <= {*skills}
    site = next(s for s in found.folders if "7004" in columns(found, s)["student"])
    events = columns(found, site, "answers.csv.gz")
    rows = [k for k, who in enumerate(events["student"]) if who == "7004"]
    assert [events["place"][k] for k in rows] == ["1", "2", "3", "4", "5", "6"]
    assert [events["skill"][k] for k in rows] == ["99_30", "31", "32", "30", "31", "32"]
    assert [events["correct"][k] for k in rows] == ["0", "1", "0", "1", "0", "1"]
    assert set(columns(found, site)["class"]) <= {"500", "501"}
    sizes = [len(columns(found, s)["student"]) for s in found.folders]
    assert sum(sizes) == 40 and max(sizes) - min(sizes) <= 3


def test_the_updated_split_keeps_its_parts(tmp_path: Path) -> None:
    source = sets.placed(tmp_path / "updated", sets.updated())
    found = REGISTRY["assistments2009"].run(source, tmp_path / "out", sites=3)
    for site in found.folders:
        rows = columns(found, site)
        assert [rows["split"].count(p) for p in ("train", "validation", "test")] == [3, 3, 3]
        assert all(w.startswith(p) for w, p in zip(rows["student"], rows["split"], strict=True))
    other = REGISTRY["assistments2009"].run(source, tmp_path / "other", sites=3, site_seed=1)
    assert columns(other, "site-01")["student"] != columns(found, "site-01")["student"]
    with pytest.raises(SourceFault, match=r"--sites takes one of: 1 … 27"):
        REGISTRY["assistments2009"].run(source, tmp_path / "no", sites=28)


def test_recordings_lie_in_their_sites(tmp_path: Path) -> None:
    found = made("speechocean762", tmp_path)
    assert list(found.folders) == ["age-6-9", "age-10-15", "age-16-25", "age-26-up"]
    rows = columns(found, "age-6-9")
    assert len(rows["utterance"]) == 3 * 2 * 2
    assert rows["accuracy"][:2] == ["6", "7"] and rows["fluency"][0] == "8"
    for name in rows["recording"]:
        assert (found.folders["age-6-9"] / name).read_bytes()[:4] == b"RIFF"
    said = yaml.safe_load((found.folders["age-6-9"] / "dataset.yaml").read_text())
    assert {m["kind"] for m in said["modalities"]} == {"table", "text", "audio"}
    (scaled,) = {one for sheet in found.sheets for one in sheet.inputs if one.kind == "audio"}
    assert len(scaled.means) == heard(scaled.bands), (
        "the recordings of the train part, at all sites"
    )
    written = json.loads(found.sheet_files[0].read_text())["inputs"]
    assert [i["means"] for i in written if i["kind"] == "audio"] == [list(scaled.means)]
    [pace] = [i for i in written if i["name"] == "log_letters"]
    assert pace["kind"] == "numeric" and set(rows["log_letters"]) == {f"{log(10):.5f}"}
    tree = sets.placed(tmp_path / "tree", sets.speech(top=""))
    unpacked = REGISTRY["speechocean762"].run(tree, tmp_path / "unpacked")
    assert columns(unpacked, "age-6-9") == rows


def test_a_missing_recording_or_score_is_told(tmp_path: Path) -> None:
    files = sets.speech()
    gone = next(name for name in files if name.endswith(".WAV"))
    some = {name: content for name, content in files.items() if name != gone}
    with pytest.raises(SourceFault, match=r"Recordings are missing: 1, such as 000100001\."):
        REGISTRY["speechocean762"].run(sets.tarred(tmp_path / "a.tar.gz", some), tmp_path / "out")
    some = {**files, "speechocean762/resource/scores.json": b"{}"}
    with pytest.raises(SourceFault, match="000100001 lacks its speaker, part or scores"):
        REGISTRY["speechocean762"].run(sets.tarred(tmp_path / "b.tar.gz", some), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_ready_arrays_become_decibels(tmp_path: Path) -> None:
    source = sets.placed(tmp_path / "logmel", sets.speech_table())
    found = REGISTRY["speechocean762"].run(source, tmp_path / "out")
    usable(found)
    array = np.load(found.folders["age-6-9"] / "recordings" / "000010001.npy")
    assert array.shape == (4, 40) and array.dtype == np.float16
    wanted = np.arange(5, 9) * 17 * 110 / 255 - 90
    assert array[:, 0] == pytest.approx(wanted, abs=0.05)
