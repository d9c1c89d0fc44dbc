"""Profiles combined: strictest wins, null is no number, kinds stay apart, every value says where it comes from."""

import pytest

from app.policies import floor, shelf
from app.policies.composing import Composed, Confirmed, compose
from benchmarks import policy_random
from worker.protocol.bounds import Bounds, Breach
from worker.protocol.clocks import Clock
from worker.protocol.rules import objections

BY_NAME = {known.profile.profile: known for known in shelf.packaged().values()}


def confirmed(name: str, elements: tuple[str, ...] | None = None, **fields: object) -> Confirmed:
    known = BY_NAME[name]
    return Confirmed(known.profile.model_copy(update=fields), known.digest, elements)


def of(*names: str, country: str = "") -> Composed:
    return compose([confirmed(name) for name in names], country, "UTC")


def days(amount: int) -> Clock:
    return Clock(amount=amount, unit="days")


def test_nothing_confirmed_bounds_nothing() -> None:
    assert of().bounds == Bounds()
    assert of().values == ()


@pytest.mark.parametrize(("country", "age"), [("DE", 16), ("DK", 15), ("FI", 13), ("GR", 15)])
def test_the_consent_age_of_the_country_takes_the_place_of_the_laws(country: str, age: int) -> None:
    found = of("uk-gdpr", "eu-gdpr", country=country)
    assert found.bounds.consent_age == age
    assert found.bounds.minimum_cell == 10


def test_new_york_and_ferpa() -> None:
    found = of("us-ny-ed2d", "us-ferpa")
    assert found.bounds.minimum_cell == 10
    (cell,) = found.of("minimum_cell")
    assert [g.profile for g in cell.grounds] == ["us-ferpa"]
    tells = {(b.kind, b.to): b.clock for b in found.bounds.breaches}
    assert tells[("personal-data-breach", "institution")] == days(7), "168 hours"
    assert tells[("personal-data-breach", "authority")] == days(10)
    assert tells[("personal-data-breach", "families")] == days(60)


def test_ages_of_two_kinds_are_never_one() -> None:
    found = of("us-coppa", "us-ferpa").bounds
    assert (found.consent_age, found.rights_age) == (13, 18)


@pytest.mark.parametrize("other", ["eu-gdpr", "us-ferpa", "br-lgpd", "in-dpdp"])
def test_export_that_one_law_forbids_is_forbidden(other: str) -> None:
    assert of("cn-pipl", other).bounds.cross_border == "deny"


def test_a_law_without_a_default_asks_for_a_review() -> None:
    assert of("br-lgpd").bounds.cross_border == "review"
    assert of("us-ferpa").bounds.cross_border == "with-contract"
    assert of("us-ferpa", "br-lgpd").bounds.cross_border == "review"
    assert of("us-ada-title-ii").bounds.cross_border is None


def test_two_areas_have_in_common_what_both_have() -> None:
    assert of("eu-gdpr", "uk-gdpr").bounds.area == ()
    assert "DE" in of("eu-gdpr", "eu-ai-act").bounds.area


def test_clocks_of_other_units_are_kept_apart() -> None:
    found = of("br-lgpd", "eu-gdpr").bounds
    tells = {b.clock for b in found.breaches if b.to == "authority"}
    assert tells == {Clock(amount=3, unit="business-days"), Clock(amount=72, unit="hours")}
    assert of("cn-pipl", "eu-gdpr").bounds.erasure == (
        Clock(amount=15, unit="business-days"),
        days(30),
    )


def test_breaches_of_other_kinds_are_kept_apart() -> None:
    found = {b.kind: b.clock for b in of("cn-pipl", "eu-ai-act").bounds.breaches}
    assert found["severe-network-incident"] == Clock(amount=4, unit="hours")
    assert found["ai-serious-incident"] == days(15)


def test_where_no_law_names_a_number_the_product_does_and_says_so() -> None:
    found = of("us-ferpa", "us-coppa")
    (erasure,) = found.of("erasure")
    assert (erasure.value, erasure.is_default) == (days(30), True)
    assert "product's own default" in floor.because(erasure)
    (breach,) = found.of("breach")
    default = Breach(
        kind="personal-data-breach", to="authority", clock=Clock(amount=72, unit="hours")
    )
    assert (breach.value, breach.is_default) == (default, True)
    (access,) = of("us-coppa").of("access")
    assert access.value is None, "null is never 0"


def test_a_contract_stands_above_the_law_and_only_tightens() -> None:
    (erasure,) = of("contract-sdpc-ndpa", "us-ferpa").of("erasure")
    assert erasure.value == days(60)
    assert [g.profile for g in erasure.grounds] == ["contract-sdpc-ndpa"]
    assert of("contract-sdpc-ndpa", "eu-gdpr").bounds.erasure == (days(30),)


def test_only_columns_that_every_contract_lists() -> None:
    one = confirmed("contract-sdpc-ndpa", ("clicks", "score"))
    other = confirmed("contract-sdpc-ndpa", ("score", "hours"), profile="contract-other")
    assert compose([one], "US", "UTC").bounds.elements == ("clicks", "score")
    assert compose([one, other], "US", "UTC").bounds.elements == ("score",)
    assert of("contract-sdpc-ndpa").bounds.elements is None


def test_emotion_from_face_or_voice_is_never_used() -> None:
    assert of("us-ferpa").bounds.never == ("emotion",)
    (never,) = of("eu-ai-act").of("never")
    assert [(g.profile, g.article) for g in never.grounds] == [("eu-ai-act", "Art 5(1)")]


def test_the_eight_areas_are_special() -> None:
    eight = {
        "politics",
        "health",
        "sex-life",
        "crime",
        "family",
        "privileged",
        "religion",
        "income",
    }
    assert eight == set(of("us-ppra").bounds.special)


def test_the_same_set_is_the_same_bytes_in_any_order() -> None:
    names = ["us-ferpa", "us-coppa", "us-ny-ed2d", "contract-sdpc-ndpa"]
    forward = of(*names).bounds
    assert of(*reversed(names)).bounds == forward
    assert [ref.profile for ref in forward.profiles] == sorted(names)


def test_every_value_is_explained() -> None:
    found = of(*BY_NAME, country="DE")
    for value in found.values:
        assert value.grounds or value.is_default, value
        for ground in value.grounds:
            assert ground.article and ground.url.startswith("http") and ground.number == 1


def test_nothing_a_composed_policy_allows_is_forbidden_by_a_part() -> None:
    """`benchmarks.policy` asks ten thousand; the answer of each part is code written apart."""
    allowed = 0
    for case in policy_random.cases(seed=20261126, count=600):
        if not objections(case.policy, case.terms):
            allowed += 1
            assert not any(policy_random.forbids(p, case.policy, case.terms) for p in case.parts)
    assert allowed > 60, "the runs asked about must not all be refused"


def test_the_answer_written_apart_forbids_what_it_should() -> None:
    """So that the test above cannot pass by never forbidding."""
    forbidden = sum(
        any(policy_random.forbids(p, case.policy, case.terms) for p in case.parts)
        for case in policy_random.cases(seed=3, count=300)
    )
    assert 60 < forbidden < 290
