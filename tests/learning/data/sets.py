"""Small downloads in the forms of the public sets, made here: no line of a real set is in them."""

import csv
import gzip
import io
import json
import tarfile
import wave
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import scipy.io

from worker.learning.data.importers.ellipse import TRAITS
from worker.learning.data.importers.uci_student import FIELDS

Rows = list[dict[str, object]]


def table(rows: Rows, delimiter: str = ",") -> bytes:
    target = io.StringIO(newline="")
    writer = csv.DictWriter(target, list(rows[0]), delimiter=delimiter, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return target.getvalue().encode()


def placed(folder: Path, files: Mapping[str, bytes]) -> Path:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def zipped(path: Path, files: Mapping[str, bytes]) -> Path:
    path.write_bytes(zip_of(files))
    return path


def zip_of(files: Mapping[str, bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return target.getvalue()


def tarred(path: Path, files: Mapping[str, bytes]) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path


def school_arrays(schools: Iterable[int] = (30, 25, 41)) -> tuple[np.ndarray, np.ndarray]:
    """X and Y as cell arrays: pupil p of school k has year p % 3, free meals 10 + k, score 1 + p."""
    sizes = list(schools)
    x, y = np.empty((1, len(sizes)), object), np.empty((1, len(sizes)), object)
    for k, size in enumerate(sizes):
        one = np.zeros((size, 28), np.uint8)
        p = np.arange(size)
        one[p, p % 3] = 1
        one[:, 3], one[:, 4] = 10 + k, 20 + k
        one[p, 5 + p % 2] = 1
        one[p[p % 4 < 3], 7 + p[p % 4 < 3] % 4] = 1
        one[p, 10 + p % 11] = 1
        one[:, 21 + k % 3] = one[:, 24 + k % 3] = one[:, 27] = 1
        x[0, k], y[0, k] = one, (1 + p[:, None]).astype(np.uint8)
    return x, y


def school(path: Path, *, compressed: bool = True) -> Path:
    x, y = school_arrays()
    scipy.io.savemat(path, {"X": x, "Y": y}, do_compression=compressed)
    return path


def uci(delimiter: str = ";") -> dict[str, bytes]:
    """Pupil p of 60: GP but every third; G3 is p % 20, and G2 one more where that is possible."""
    rows = []
    for p in range(60):
        row: dict[str, object] = {"school": "MS" if p % 3 == 0 else "GP"}
        for one in FIELDS:
            row[one.name] = one.values[p % len(one.values)] if one.values else p % 4 + 1
        row |= {"G1": p % 20, "G2": min(p % 20 + 1, 19), "G3": p % 20}
        rows.append(row)
    content = table(rows, delimiter)
    return {"student-mat.csv": content, "student-por.csv": content}


def uci_zip(path: Path) -> Path:
    """As UCI gives it since 2023: a zip within a zip."""
    return zipped(path, {"student.zip": zip_of(uci()), ".student.zip_old": b"older"})


def ellipse(count: int = 60) -> bytes:
    rows: Rows = []
    for n in range(count):
        row: dict[str, object] = {
            "text_id_kaggle": f"{n:05d}",
            "full_text": f'Essay {n}, with "quotes",\nand a second line; not said by anyone.',
            "gender": "Female" if n % 2 else "Male",
            "grade": (8, 9, 10, 11, 12)[n % 5],
            "race_ethnicity": "White",
            "num_words": 10 + n,
            "SES": "Economically disadvantaged" if n % 3 else "",
            "prompt": ("A day's work", "Self-reliance", "First impressions", "Machines")[n % 4],
        }
        rows.append(row | dict.fromkeys(TRAITS, 1 + n % 9 / 2))
    return table(rows)


def beetle_xml(students: int = 30) -> dict[str, bytes]:
    """Three modules, the students in each, in all three parts; the same answer again under Extra."""
    labels = (
        "correct",
        "contradictory",
        "partially_correct_incomplete",
        "irrelevant",
        "non_domain",
    )
    files: dict[str, bytes] = {}
    for m, module in enumerate(("FaultFinding", "SwitchesBulbsParallel", "SwitchesBulbsSeries")):
        for part in ("train", "test-unseen-answers", "test-unseen-questions"):
            question = f"Q{m}_{part.replace('-', '_').upper()}"
            given = "".join(
                f'<studentAnswer count="1" accuracy="{labels[(s + m) % 5]}" '
                f'id="{module}-{question}.sbj{"b" if s % 2 else ""}{s}-l{1 + s % 2}.qa{s}">'
                f"the bulb &amp; gap\n {s} </studentAnswer>"
                for s in range(students)
            )
            content = (
                f'<?xml version="1.0" encoding="UTF-8"?><question id="{question}" module="{module}" '
                'qtype="Q" stype="P"><questionText>Why does it glow?</questionText>'
                "<referenceAnswers><referenceAnswer>It is closed</referenceAnswer>"
                "<referenceAnswer>There is no gap</referenceAnswer></referenceAnswers>"
                f"<studentAnswers>{given}</studentAnswers></question>"
            ).encode()
            top = "semeval2013-Task7-5way"
            files[f"{top}/beetle/{part}/Core/{question}.xml"] = content
            files[f"{top}/sciEntsBank/{part}/Core/{question}.xml"] = b"<question/>"
    files[f"{top}/beetle/train/Extra/again.xml"] = files[f"{top}/beetle/train/Core/Q0_TRAIN.xml"]
    return files


def skill_builder(students: int = 40) -> bytes:
    """Student s gives s % 5 + 2 answers, told backwards; a scaffold, an answer without a skill, one with two skills."""
    rows: Rows = []
    for s in range(students):
        for a in range(s % 5 + 2):
            rows.append(_answer(1000 * s + a, s, 30 + a % 3, (s + a) % 2))
        rows.append(_answer(1000 * s + 50, s, 30, 1, original=0))
        rows.append(_answer(1000 * s + 51, s, "", 1))
        rows.append(_answer(1000 * s, s, 99, s % 2))
    rows.reverse()
    return table(rows).replace(b"name", b"caf\xe9").replace(b"skill_caf\xe9", b"skill_name")


def _answer(
    order: int, student: int, skill: object, correct: int, original: int = 1
) -> dict[str, object]:
    return {
        "order_id": order,
        "user_id": 7000 + student,
        "original": original,
        "correct": correct,
        "student_class_id": 500 + student % 2,
        "skill_id": skill,
        "skill_name": "a name",
    }


def updated(students: int = 9) -> dict[str, bytes]:
    """Three lines a student, some with a comma at the end."""

    def part(first: int) -> bytes:
        lines = []
        for s in range(first, first + students):
            count = s % 3 + 1
            skills, correct = ["7", "8", "9"][:count], ["1", "0", "1"][:count]
            lines += [str(count), ",".join(skills) + ("," if s % 2 else ""), ",".join(correct)]
        return gzip.compress("\n".join(lines).encode())

    names = ("train1", "valid1", "test")
    return {f"assist2009_updated_{n}.csv.gz": part(k) for k, n in enumerate(names)}


def sound(frames: int = 800, *, rate: int = 16_000, channels: int = 1) -> bytes:
    target = io.BytesIO()
    with wave.open(target, "wb") as made:
        made.setnchannels(channels)
        made.setsampwidth(2)
        made.setframerate(rate)
        made.writeframes(bytes(2 * channels * frames))
    return target.getvalue()


_AGES = (6, 8, 9, 12, 14, 20, 22, 30)


def speech(top: str = "speechocean762/") -> dict[str, bytes]:
    """Sixteen speakers, half of them in each part; two utterances each."""
    files: dict[str, bytes] = {}
    scores: dict[str, object] = {}
    for part, first in (("train", 1), ("test", 101)):
        lists = {"text": "", "utt2spk": "", "spk2age": "", "spk2gender": "", "wav.scp": ""}
        for place, age in enumerate(_AGES):
            who = f"{first + place:04d}"
            lists["spk2age"] += f"{who} {age}\n"
            lists["spk2gender"] += f"{who} {'mf'[place % 2]}\n"
            for n in (1, 2):
                utterance = f"{who}{n:05d}"
                lists["text"] += f"{utterance}\tTHREE WORDS {n}\n"
                lists["utt2spk"] += f"{utterance} {who}\n"
                lists["wav.scp"] += f"{utterance}\tWAVE/SPEAKER{who}/{utterance}.WAV\n"
                files[f"{top}WAVE/SPEAKER{who}/{utterance}.WAV"] = sound(100 + place)
                scores[utterance] = {
                    "text": "three words",
                    "accuracy": 5 + n,
                    "fluency": [9, 7, 8, 9, 1],
                    "prosodic": 6.5,
                    "total": place + n,
                    "completeness": 10.0,
                }
        files |= {f"{top}{part}/{name}": said.encode() for name, said in lists.items()}
    files[f"{top}resource/scores.json"] = json.dumps(scores).encode()
    return files


def speech_table() -> dict[str, bytes]:
    """Three speakers with ready log-mel arrays; the arrays stand in another order than the rows."""
    rows: Rows = []
    for place, (part, age) in enumerate((("train", 7), ("train", 21), ("test", 21))):
        row: dict[str, object] = {
            "utt": f"00{place}010001",
            "split": part,
            "speaker": f"00{place}0",
            "age": age,
            "gender": "f",
            "text": "FOUR WORDS OF IT",
        }
        rows.append(
            row | {f"{s}_median": 8.0 for s in ("accuracy", "fluency", "prosodic", "total")}
        )
    names = [str(row["utt"]) for row in reversed(rows)]
    target = io.BytesIO()
    data = np.repeat(np.arange(9, dtype=np.uint8)[:, None] * 17, 40, axis=1)
    np.savez(target, data=data, offsets=np.array([0, 2, 5, 9]), utt=np.array(names))
    return {
        "utterances.csv.gz": gzip.compress(table(rows)),
        "logmel_40x25fps.npz": target.getvalue(),
    }
