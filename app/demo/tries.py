"""Five things to try: who one is for it, and the page it begins on. A closed list, so no button leads elsewhere."""

from dataclasses import dataclass

from app.demo.memory import Memory
from app.demo.scenario import Person, Scenario
from app.text import _


@dataclass(frozen=True)
class Try:
    """`path` is empty while the demo has not come that far."""

    key: str
    title: str
    text: str
    person: Person
    path: str


def tries(scenario: Scenario, memory: Memory) -> tuple[Try, ...]:
    lead, other = scenario.lead, scenario.members[1]
    ids = memory.ids
    run = f"/runs/{ids['run']}" if "run" in ids else ""
    federation = f"/federations/{ids['federation']}" if "federation" in ids else ""
    sent = f"/i/{ids[other.slug]}/sent" if run and other.slug in ids else ""
    reported = any(step.startswith("report ") for step in memory.done)
    return (
        Try(
            "run",
            _("Watch a run"),
            _("Whom does it wait for, and how good has the model become?"),
            lead.person("administrator"),
            run,
        ),
        Try(
            "sent",
            _("Read what left"),
            _("Every transfer of {name}: when, how many bytes, and why.").format(name=other.name),
            other.person("privacy-officer"),
            sent,
        ),
        Try(
            "report",
            _("Read a class report"),
            _("How good is the model for this class, and is a simple rule better?"),
            other.person("instructor"),
            "/classes" if reported else "",
        ),
        _refusal(scenario, run, federation),
        _last(scenario, ids, federation if run else ""),
    )


def _last(scenario: Scenario, ids: dict[str, str], federation: str) -> Try:
    """Where no site refuses, the one before asks for noise already."""
    if not scenario.refuses:
        return Try(
            "propose",
            _("Ask for another run"),
            _("Is it worth asking for? Propose it; then the officers approve."),
            scenario.lead.person("administrator"),
            f"{federation}/runs/new" if federation else "",
        )
    member = scenario.members[1]
    ready = federation and member.slug in ids
    return Try(
        "noise",
        _("Ask for what is not there"),
        _(
            "This version adds no noise. Require it in a draft: which federations would that shut out, "
            "and by which rule?"
        ),
        member.person("privacy-officer"),
        f"/i/{ids[member.slug]}/policy/draft" if ready else "",
    )


def _refusal(scenario: Scenario, run: str, federation: str) -> Try:
    if not scenario.refuses:
        text = _("Ask for noise in a new policy, and have another person approve it: no run fits.")
        member = scenario.members[-1]
        return Try(
            "refusal", _("Make a site refuse"), text, member.person("privacy-officer"), federation
        )
    member = scenario.member(scenario.refuses)
    return Try(
        "refusal",
        _("See a site refuse"),
        _(
            "The policy of {name} wants more records behind a task than it has. Only its site can know that, and its "
            "site refuses. Where does it say so?"
        ).format(name=member.name),
        member.person("privacy-officer"),
        run,
    )
