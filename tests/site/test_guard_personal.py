"""The guard before a job that makes the site's own model: agreed in the terms, approved, and figures by the policy."""

from tests.site.test_guard import OPEN, claimed, judge, manifest, with_policy
from worker.protocol.codes import JobKind, Refusal
from worker.protocol.manifest import Training
from worker.protocol.rules import Objection


def test_an_own_model_is_made_only_where_the_terms_have_one_and_figures_follow_the_policy() -> None:
    with_one = Training(personal="chosen")
    wanted = manifest(kind=JobKind.PERSONAL, training=with_one, leaves=())
    closed = with_policy(leaves=OPEN.model_copy(update={"metrics": False}))
    assert judge(claimed(wanted), closed) == wanted
    telling = manifest(kind=JobKind.PERSONAL, training=with_one, leaves=("metrics",))
    assert judge(claimed(telling), closed) == Objection(Refusal.METRICS_STAY, "metrics")
    without = manifest(kind=JobKind.PERSONAL, leaves=())
    assert judge(claimed(without), closed) == Objection(Refusal.UNKNOWN_KIND)
    unasked = manifest(kind=JobKind.PERSONAL, training=with_one, leaves=(), approved=False)
    found = judge(claimed(unasked), closed)
    assert isinstance(found, Objection) and found.code is Refusal.APPROVAL_MISSING
