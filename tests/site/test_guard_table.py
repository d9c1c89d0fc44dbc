"""The guard against docs/guard.md: every violation alone, in pairs, and generated jobs, held against a slow oracle."""

import random
import re
from collections.abc import Sequence
from itertools import combinations

import pytest

from benchmarks.guard import generated, violated
from benchmarks.guard_cases import allowed, decide, expect, seal
from benchmarks.guard_oracle import ALLOWED, Case
from benchmarks.guard_table import TABLE, VIOLATIONS, Violation
from tests.architecture.tree import ROOT
from worker.protocol.codes import Refusal

ORDER = list(TABLE)


def both(case: Case) -> tuple[str, str]:
    signed = seal(case)
    return decide(case, signed), expect(case, signed)


def test_the_case_everything_else_is_made_of_is_let_in() -> None:
    assert both(allowed()) == (ALLOWED, ALLOWED)


@pytest.mark.parametrize("one", VIOLATIONS, ids=lambda one: one.name)
def test_alone(one: Violation) -> None:
    assert both(violated(one)) == (one.code, one.code)


def test_in_pairs_the_earlier_rule_answers() -> None:
    """Two that touch one thing may undo each other: of those only the oracle says what is right."""
    wrong = []
    for pair in combinations(VIOLATIONS, 2):
        said, right = both(violated(*pair))
        first = min((one.code for one in pair), key=ORDER.index)
        met = pair[0].touches & pair[1].touches
        if said != right or (not met and said != first):
            wrong.append(([one.name for one in pair], said, right))
    assert wrong == []


def test_generated_jobs_are_judged_as_the_oracle_judges_them() -> None:
    draw = random.Random(5)
    found = [both(generated(draw)) for _ in range(300)]
    assert [one for one in found if one[0] != one[1]] == []
    codes = {said for said, _right in found}
    assert ALLOWED in codes and len(codes) > 15


def documented() -> Sequence[str]:
    """The codes of the page's table, in its order."""
    text = (ROOT / "docs/guard.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (`.*?) \|", text, flags=re.MULTILINE)
    return [code for row in rows for code in re.findall(r"`([a-z-]+)`", row)]


NOT_YET = {"needs-noise", "needs-secure-aggregation", "counts-stay"}
"""No job of this version can break these: it has no protection, and no kind of job asks for numbers of records."""
OF_RECORDS = {"no-matching-data", "too-few-records"}


def test_the_page_names_every_code_in_the_order_of_the_rules() -> None:
    assert [code for code in documented() if code not in NOT_YET] == ORDER
    assert {*documented(), *OF_RECORDS} == {code.value for code in Refusal}
