"""Text a federation starts from. The lead edits it; members read and accept what stands there."""

from app.text import _


def agreement_template() -> str:
    """In the founder's language."""
    return "\n\n".join(
        (
            _(
                "Each member trains the shared model on its own computers. No student record leaves a member's site."
            ),
            _(
                "What leaves a site is listed under terms. A member's own policy, accepted at its site, decides and "
                "can be stricter than these terms."
            ),
            _(
                "The hub can read a single update while updates are not masked. It deletes each one when its round "
                "is closed and checked."
            ),
            _(
                "The lead proposes runs. A member may decline any run and may leave at any time; past releases keep "
                "what they learnt."
            ),
            _("The model supports people's decisions. It gives no grade and takes no decision."),
        )
    )
