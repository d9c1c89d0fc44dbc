"""The proof that takes the place of a second operator: a text record in the domain's own name system."""

from app.institutions import domain_records, queries
from app.institutions.models import DomainCheck, Institution
from app.institutions.states import CheckOutcome
from app.text import _
from app.web.moments import ago
from app.web.parts import Button, Copy, Form, Note, Part, Status, Text
from app.web.visit import Visit


def proof_of_domain(visit: Visit, row: Institution) -> tuple[Part, ...]:
    """What to write, a button that looks, and what the last look found."""
    if row.domain is None:
        return (Note(_("You have given no domain. Add it under “Correct your details”.")),)
    says = _(
        "Whoever runs the names of {domain} adds this record of type TXT. Then one operator is enough."
    )
    look = Form(f"/i/{row.id}/verification/domain", (), (Button(_("Look it up now")),), inline=True)
    check = queries.domain_check(visit.session, row.id)
    found = _found(check) if check is not None and check.domain == row.domain else ()
    return (
        Text(says.format(domain=row.domain)),
        Copy("record-name", _("Name of the record"), domain_records.record_name(row.domain)),
        Copy("record-value", _("Its value"), domain_records.record_value(visit.settings, row)),
        *found,
        look,
    )


def _found(check: DomainCheck) -> tuple[Part, ...]:
    if check.looked is None or check.outcome is None:
        return (Status("wait", _("Being looked up"), ago(check.asked)),)
    age = ago(check.looked)
    seen = check.outcome is CheckOutcome.FOUND
    status = Status("good", _("Seen"), age) if seen else Status("act", _("Not seen"), age)
    return (status, Text(_next(check.outcome)))


def _next(outcome: CheckOutcome) -> str:
    return {
        CheckOutcome.FOUND: _(
            "Your domain is proved. It counts for thirty days. Look again after that."
        ),
        CheckOutcome.OTHER: _(
            "There is a record of this name with another value. Copy ours exactly."
        ),
        CheckOutcome.ABSENT: _(
            "There is no such record yet. A new one can take an hour to be seen."
        ),
        CheckOutcome.NO_ANSWER: _("No name server answered. Look again in a few minutes."),
    }[outcome]
