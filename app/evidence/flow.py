"""The data-flow diagram: three trust domains, numbered arrows, and a list that says what each carries."""

from app.evidence import pieces
from app.evidence.live import Live
from app.evidence.parts import Arrow, Block, Box, Document, Drawing, Grid, Para, Section
from app.evidence.queries import Sent
from app.evidence.states import DocumentKind
from app.evidence.words import listed, size, times
from app.text import _
from worker.protocol.codes import TransferKind
from worker.protocol.policy import Leaves

WIDTH, HEIGHT = 360.0, 452.0
_UP: tuple[tuple[str, TransferKind], ...] = (
    ("updates", TransferKind.UPDATE),
    ("metrics", TransferKind.METRICS),
    ("class_codes", TransferKind.CLASS_CODES),
    ("class_reports", TransferKind.CLASS_REPORT),
)
_ALWAYS = (
    TransferKind.HELLO,
    TransferKind.READINESS,
    TransferKind.POLICY,
    TransferKind.FIT,
    TransferKind.PROGRESS,
    TransferKind.ANSWER,
)


def build(live: Live) -> Document:
    return Document(
        DocumentKind.FLOW,
        _("Data flows"),
        _("Where data are, what crosses a border between trust domains, and how much did so far."),
        live.stamp,
        (
            Section(_("The drawing"), (drawing(live),)),
            Section(_("The flows"), (_flows(live), _borders())),
            Section(_("What left so far"), pieces.sent(live)),
            Section(_("Where the hub stands"), pieces.hosting(live)),
            Section(_("Protections"), pieces.protections(live)),
        ),
    )


def drawing(live: Live) -> Drawing:
    others = {name for one in live.joined for name in one.names} - {live.institution.name}
    sites = _("Site: {names}").format(names=_short(listed(s.name for s in live.sites), 34))
    return Drawing(
        id="flow",
        title=_("Data flows of {name}").format(name=live.institution.name),
        says=_says(live, len(others)),
        width=WIDTH,
        height=HEIGHT,
        boxes=(
            Box(4, 4, 352, 168, _short(live.institution.name, 40), fence=True),
            Box(20, 34, 320, 46, _("Data folder"), (_("student records, read only"),)),
            Box(20, 110, 320, 50, sites, (_("learns here, obeys the policy accepted here"),)),
            Box(20, 232, 320, 62, _("Hub"), (
                _short(f"{live.settings.operator_name}, {live.hosts.address}", 42),
                _("combines updates, holds no student record"),
            )),
            Box(20, 364, 148, 62, _("Other members"), (_("{n} institutions").format(n=len(others)),)),
            Box(192, 364, 148, 62, _("People"), (_("who sign in, by role"),)),
        ),
        arrows=(
            Arrow(180, 80, 180, 110, "1"),
            Arrow(110, 160, 110, 232, "2"),
            Arrow(250, 232, 250, 160, "3"),
            Arrow(94, 294, 94, 364, "4"),
            Arrow(266, 294, 266, 364, "5"),
        ),
    )  # fmt: skip


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _says(live: Live, others: int) -> str:
    return _(
        "Inside the institution, records go from the data folder to the site (1). From the site to the hub go "
        "model updates and what else the policy opens (2); from the hub to the site come jobs and models (3). "
        "The hub gives the combined model to {n} other members (4) and pages by role to people (5)."
    ).format(n=others)


def _flows(live: Live) -> Grid:
    leaves = live.policy.leaves if live.policy else Leaves(updates=False)
    rows = [
        ("1", _("Data folder to site"), _("Student records; they go no further."), _("always"), "–")
    ]
    seen = {s.kind: s for s in live.sent}
    what = {
        "updates": _("Changes of numbers in the model"),
        "metrics": _("Figures on quality"),
        "class_codes": _("Codes of classes"),
        "class_reports": _("Class reports: rounded group figures"),
    }
    for flow, kind in _UP:
        said = _("opened by the policy") if getattr(leaves, flow) else _("closed by the policy")
        rows.append(("2", _("Site to hub"), what[flow], said, _amount(seen, (kind,))))
    told = _("opened by the policy")
    if live.policy is None or live.policy.tell_withdrawals == "no":
        told = _("closed by the policy")
    withdrew = _("That someone withdrew consent: a day, nothing else")
    rows.append(("2", _("Site to hub"), withdrew, told, _amount(seen, (TransferKind.WITHDRAWAL,))))
    signs = _("Signs of life, progress, answers: codes and numbers from a closed list")
    rows += [
        ("2", _("Site to hub"), signs, _("always"), _amount(seen, _ALWAYS)),
        ("3", _("Hub to site"), _("Signed jobs, model parts"), _("the site asks for them"), "–"),
        ("4", _("Hub to other members"), _("The combined model"), _("members only"), "–"),
        ("5", _("Hub to people"), _("Pages by role; class reports to their instructors"), _("signed in"), "–"),
    ]  # fmt: skip
    columns = (_("Arrow"), _("From, to"), _("What"), _("When"), _("So far"))
    return Grid(_("What each arrow carries"), columns, tuple(rows))


def _amount(seen: dict[str, Sent], kinds: tuple[TransferKind, ...]) -> str:
    found = [seen[kind.value] for kind in kinds if kind.value in seen]
    count, total = sum(s.times for s in found), sum(s.bytes for s in found)
    return f"{times(count)}, {size(total)}" if found else "–"


def _borders() -> Block:
    return Para(
        _(
            "The hub never connects to a site: a site opens the connection to one host name and signs each request."
        )
    )
