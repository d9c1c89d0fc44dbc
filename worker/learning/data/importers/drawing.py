"""What an importer draws where the set says nothing: the part of a student, and sites constructed from students."""

from collections.abc import Iterable
from hashlib import sha256

import numpy as np


def part(of: str, seed: int, who: str) -> str:
    """70 % train, 10 % validation, 20 % test, by student alone: the same at every site of the set."""
    number = chance(of, seed, who)
    return "test" if number < 0.2 else "validation" if number < 0.3 else "train"


def held_out(of: str, seed: int, who: str) -> str:
    """For who is not in the set's own test part: an eighth of them for validation, the rest for training."""
    return "validation" if chance(of, seed, who) < 0.125 else "train"


def chance(of: str, seed: int, who: str) -> float:
    """A number in [0, 1) that depends on these three alone."""
    return int(sha256(f"{of}|{seed}|{who}".encode()).hexdigest()[:12], 16) / 16**12


def groups(students: Iterable[str], count: int, seed: int) -> dict[str, int]:
    """Student -> group: sorted, shuffled by the seed, cut into `count` parts that differ by one student at most."""
    ordered = sorted(set(students))
    np.random.default_rng(seed).shuffle(ordered)
    parts = np.array_split(np.arange(len(ordered)), count)
    return {ordered[place]: group for group, places in enumerate(parts) for place in places}
