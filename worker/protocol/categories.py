"""Special categories of data, told by words in a column's name: a law's list, as a site's guard can apply it.

By name only. A column called `q17` that asks about faith is found by the person who reads the task sheet, not here.
"""

import re
from functools import lru_cache
from typing import Literal, get_args

Category = Literal[
    "politics",
    "religion",
    "ethnicity",
    "union",
    "health",
    "sex-life",
    "genetic",
    "biometric",
    "emotion",
    "crime",
    "family",
    "privileged",
    "income",
    "discipline",
    "welfare",
    "location",
    "identity-number",
    "recordings",
    "staff-appraisal",
]
ALL: tuple[Category, ...] = get_args(Category)

_WORDS: dict[Category, str] = {
    "politics": "politics political party vote",
    "religion": "religion religious faith denomination church",
    "ethnicity": "ethnicity ethnic race racial nationality caste",
    "union": "union",
    "health": (
        "health medical illness diagnosis disability disabled allergy medication mental psychological depression "
        "anxiety wellbeing sen send iep special_education special_needs"
    ),
    "sex-life": "sexual sexuality orientation sex_life lgbt lgbtq",
    "genetic": "genetic genome dna",
    "biometric": "biometric biometrics fingerprint faceprint voiceprint iris gait retina",
    "emotion": "emotion emotional emotions mood affect gaze facial expression attention",
    "crime": "crime criminal arrest conviction delinquency drugs substance",
    "family": "parent_conflict family_conflict family_appraisal home_problems custody",
    "privileged": "lawyer confession clergy counselling counseling privileged",
    "income": "income salary wage wages earnings fsm free_lunch free_meals imd poverty benefit benefits finance",
    "discipline": "discipline disciplinary suspension suspensions expulsion expelled detention",
    "welfare": "foster juvenile dependency welfare homeless safeguarding refugee",
    "location": "location geolocation latitude longitude gps address postcode zip",
    "identity-number": "ssn passport cpf aadhaar national_id identity_number",
    "recordings": "photo video recording voice",
    "staff-appraisal": "appr staff_appraisal teacher_appraisal teacher_evaluation",
}
MODALITIES: dict[Category, frozenset[str]] = {"recordings": frozenset({"image", "audio"})}
"""Kinds of records that are of a category whatever their column is called."""

_PHRASES: dict[Category, tuple[tuple[str, ...], ...]] = {
    category: tuple(tuple(word.split("_")) for word in words.split())
    for category, words in _WORDS.items()
}
_PIECE = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")


def pieces(name: str) -> tuple[str, ...]:
    """The words of a name, small: `homePostcode`, `home-postcode` and `HOME_POSTCODE` alike."""
    return tuple(piece.lower() for piece in _PIECE.findall(name))


@lru_cache(maxsize=8192)
def of_name(name: str) -> frozenset[Category]:
    """Every category that a word of the name, or several in a row, stands for."""
    words = pieces(name)
    return frozenset(
        category
        for category, phrases in _PHRASES.items()
        if any(_within(phrase, words) for phrase in phrases)
    )


def _within(phrase: tuple[str, ...], words: tuple[str, ...]) -> bool:
    size = len(phrase)
    return any(words[at : at + size] == phrase for at in range(len(words) - size + 1))


assert set(_WORDS) == set(ALL)
