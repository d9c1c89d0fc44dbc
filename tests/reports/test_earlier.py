"""What a class was told before: older reports of the same federation, newest first, and nobody else's."""

from app.federations import service as federations
from app.releases.models import Release
from app.reports import queries
from tests.reports.test_reports import FIGURES, add_class, finished
from tests.runs import world as acting
from tests.runs.world import World


def told(world: World, class_id: str, *records: int) -> None:
    """A finished run and its report for each."""
    for count in records:
        finished(world)
        figures = FIGURES.model_copy(update={"records": count})
        assert acting.report_all(world, world.lead, figures) == 1


def records(world: World, class_id: str, limit: int = 5) -> list[int | None]:
    with world.hub.db.reading() as session:
        shown = queries.get(session, world.lead.instructor, class_id)
        return [one.figures.records for one in queries.earlier(session, shown, limit)]


def test_newest_first_and_without_the_one_shown(world: World) -> None:
    class_id = add_class(world, world.lead)
    assert records(world, class_id) == []
    told(world, class_id, 40)
    assert records(world, class_id) == []
    told(world, class_id, 45, 50)
    assert records(world, class_id) == [45, 40]
    assert records(world, class_id, limit=1) == [45]


def test_another_federation_predicts_something_else(world: World) -> None:
    class_id = add_class(world, world.lead)
    told(world, class_id, 40, 45)
    with world.hub.db.session() as session:
        lead, purpose = world.lead, "To see which lab skills need practice."
        other = federations.found(
            session, lead.administrator, lead.institution, name="Lab skills", purpose=purpose
        )
        session.query(Release).filter_by(number=1).one().federation_id = other.id
    assert records(world, class_id) == []


def test_other_classes_have_reports_of_their_own(world: World) -> None:
    class_id = add_class(world, world.lead)
    other = add_class(world, world.lead, code="7C")
    told(world, class_id, 40, 45)
    assert records(world, other) == []
