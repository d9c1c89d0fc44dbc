"""May this run train here? One run that waits for a person at the site, in plain words, and the yes."""

from dataclasses import dataclass

from starlette.responses import Response

from worker.protocol.text import _
from worker.site import accepted, approval
from worker.site.page import render
from worker.site.page.faults import Differs, NothingHere
from worker.site.page.visit import Visit, see_other


@dataclass(frozen=True)
class Approval:
    title: str
    says: str
    asked: approval.Asked
    who: str
    menu: str = "policy"


def show(visit: Visit) -> Response:
    run = visit.request.path_params["run"]
    asked = approval.waiting(visit.state.home, run)
    if asked is None:
        raise NothingHere(_("This run does not wait for you."))
    content = Approval(
        title=_("May this run train here?"),
        says=_("Nothing of it has run here. A yes is for what stands here, and for nothing else."),
        asked=asked,
        who=approval.who(asked),
    )
    return render.page(visit.request, "site/approval.html", content)


def approve(visit: Visit) -> Response:
    """The same as `collegium-site policy approve-run RUN`, for the terms the page showed."""
    home, run = visit.state.home, visit.form.get("run", "")
    asked = approval.waiting(home, run)
    if asked is None:
        raise Differs(_("This run does not wait for you any more."))
    if asked.terms != visit.form.get("terms", ""):
        raise Differs(_("The run asks for something else now. Read it again."))
    accepted.approve_run(home, run, asked.agreed)
    return see_other("/policy", "approved")
