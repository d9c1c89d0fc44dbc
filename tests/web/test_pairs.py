"""Every form action of the pages has an API route, or a written reason why it has none."""

import re
from functools import cache

import pytest

from app.access.permissions import TOKEN_NEVER
from app.demo import pages as demo
from app.settings import Settings
from app.web import pages
from app.web.api import v1
from app.web.api.description import described
from tests.web.pairs import PAIRS, Never, Pair, Reason


def _shape(path: str) -> str:
    return re.sub(r"\{[^}]*\}", "{}", path)


def actions() -> set[str]:
    """Every path that takes a form; the demo's too."""
    settings = Settings(environment="development", secret_key="x" * 40)
    every = [*pages.routers(settings), demo.router]
    return {
        _shape(route.path)
        for router in every
        for route in router.routes
        if set(route.methods) - {"GET", "HEAD"}
    }


@cache
def operations() -> set[str]:
    return {
        f"{method.upper()} {_shape(path.removeprefix('/api/v1'))}"
        for path, found in described(v1)["paths"].items()
        for method in found
    }


def test_every_form_has_a_pair_and_every_pair_a_form() -> None:
    assert actions() == PAIRS.keys()


@pytest.mark.parametrize(("form", "pair"), PAIRS.items(), ids=list(PAIRS))
def test_a_pair_holds(form: str, pair: Pair) -> None:
    match pair:
        case str():
            assert pair in operations()
        case Never(permission):
            assert permission in TOKEN_NEVER
        case Reason(sentence):
            assert len(sentence.split()) >= 5 and sentence.endswith(".")


def test_what_a_program_can_do_beyond_the_forms_is_little() -> None:
    """Acts of the API that no form does yet: each is named here, so that a new one is a decision."""
    acts = {o for o in operations() if not o.startswith("GET ")}
    assert acts - set(PAIRS.values()) == {"PUT /federations/{}/terms"}
