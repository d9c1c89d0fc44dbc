"""The questions of the registration, step by step. `answers` is what was given so far."""

from collections.abc import Callable
from typing import Any

from app.institutions.states import InstitutionKind
from app.text import _
from app.web import site_words
from app.web.parts import Field, Option

Ask = Callable[..., Field]


def fields(step: str, answers: dict[str, Any], errors: dict[str, str]) -> tuple[Field, ...]:
    """Values and mistakes stand at their fields; a password is never shown again."""

    def ask(name: str, label: str, control: Any = "text", **more: Any) -> Field:
        value = "" if control == "password" else str(answers.get(name, ""))
        return Field(name, label, control, value=value, error=errors.get(name, ""), **more)

    return {"institution": _institution, "you": _you, "proof": _proof, "check": _password}[step](
        ask
    )


def _institution(ask: Ask) -> tuple[Field, ...]:
    kinds = tuple(Option(k.value, site_words.kind(k)) for k in InstitutionKind)
    return (
        ask("name", _("Name of the institution"), autocomplete="organization"),
        ask("kind", _("Kind"), "radio", options=kinds),
        ask("country", _("Country"), short=True, help=_("Two letters, such as GB, DE or US.")),
        ask(
            "parent",
            _("District or group it belongs to"),
            help=_("Its exact name, if it is registered here."),
            optional=True,
        ),
    )


def _you(ask: Ask) -> tuple[Field, ...]:
    return (
        ask("person", _("Your name"), autocomplete="name"),
        ask(
            "email",
            _("Your mail address at the institution"),
            "email",
            help=_("You become its first administrator."),
            autocomplete="email",
        ),
    )


def _proof(ask: Ask) -> tuple[Field, ...]:
    registers = (Option("", _("None")), *(Option(r, r) for r in ("ROR", "NCES", "UKPRN")))
    return (
        ask(
            "domain",
            _("Domain of the institution"),
            help=_("For example northmoor.example. No free-mail domain."),
            optional=True,
        ),
        ask("register", _("Register that lists it"), "select", options=registers),
        ask("register_id", _("Number in that register"), optional=True),
    )


def _password(ask: Ask) -> tuple[Field, ...]:
    return (
        ask(
            "password",
            _("Choose a password"),
            "password",
            help=_("At least 12 characters. Three or four words are good."),
            autocomplete="new-password",
        ),
    )
