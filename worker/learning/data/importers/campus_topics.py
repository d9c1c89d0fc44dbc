"""What only class reports read of the simulated campus: the topic of the next assessment, and a group of students.

Drawn apart from everything else, from the same distributions at every site. A topic is harder or easier in a class;
who is the first in the family to study has a little less in the next assessment. Neither is an input of any model.
"""

import zlib
from typing import Any

import numpy as np

from worker.learning.data.importers.campus_words import TOPICS
from worker.protocol.tasks import Grouping

TOPIC = Grouping(
    name="next_topic", values=tuple(dict.fromkeys(t for said in TOPICS.values() for t in said))
)
FIRST = Grouping(name="first_in_family", values=("yes", "no"))
SPREAD = 6.0
"""Points by which topics of a class differ, as a deviation."""
GAP = 4.0
SHARE = 0.35


def add(rows: list[dict[str, Any]], slug: str, seed: int) -> None:
    """Writes both columns into the rows and moves `next_score` by what they mean."""
    rng = np.random.default_rng([seed, zlib.crc32(f"{slug}/topics".encode())])
    first = {
        student: bool(rng.random() < SHARE)
        for student in dict.fromkeys(row["student_id"] for row in rows)
    }
    ease = {
        (code, topic): float(rng.normal(0, SPREAD))
        for code in sorted({row["class_code"] for row in rows})
        for topic in TOPICS[code.split("-")[0]]
    }
    for row in rows:
        topics = TOPICS[row["class_code"].split("-")[0]]
        topic = topics[int(rng.integers(len(topics)))]
        moved = row["next_score"] + ease[row["class_code"], topic]
        moved -= GAP * first[row["student_id"]]
        row["next_score"] = round(float(np.clip(moved, 0, 100)), 1)
        row["next_topic"] = topic
        row["first_in_family"] = "yes" if first[row["student_id"]] else "no"
