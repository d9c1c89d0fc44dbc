"""What the page answers instead of a page: a status, a heading and a sentence that says what to do."""

from worker.protocol.text import _


class PageFault(Exception):
    status = 400

    def __init__(self, message: str, *, wait_s: int = 0) -> None:
        super().__init__(message)
        self.message = message
        self.wait_s = wait_s


class NotSignedIn(PageFault):
    status = 401


class Refused(PageFault):
    """A request that our own page did not make."""

    status = 403


class NothingHere(PageFault):
    status = 404


class Differs(PageFault):
    """Something else is there now than what the person saw."""

    status = 409


class WrongHost(PageFault):
    status = 421


class TooMany(PageFault):
    status = 429


class HubAway(PageFault):
    status = 503


def heading(status: int) -> str:
    return {
        401: _("This page needs a link"),
        403: _("This did not come from the page"),
        404: _("There is nothing here"),
        409: _("Something else is there now"),
        421: _("Wrong address"),
        429: _("Please wait"),
        503: _("The hub could not be asked"),
    }.get(status, _("This did not work"))
