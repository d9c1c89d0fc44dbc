"""The records against a federation's task sheets: what the site tells the hub, and what it keeps to itself."""

from pathlib import Path

import pytest

from app.federations import fits as at_hub
from app.federations import queries as federations
from app.federations.fits import Told
from app.sites.models import SentLine
from tests.runs.world import POLICY, SHEET
from tests.site import homes
from tests.site.stage import Stage
from tests.site.test_cli import run
from worker.learning.data.check import inspect
from worker.protocol.canonical import digest_of
from worker.protocol.codes import Fitness
from worker.protocol.messages import FitReport, SheetFit
from worker.protocol.policy import Leaves
from worker.protocol.tasks import Input
from worker.site import fits
from worker.site.faults import HubFault
from worker.site.site import open_site

WIDER = SHEET.model_copy(update={"inputs": (*SHEET.inputs, Input(name="mood"))})
OPEN = POLICY.model_copy(update={"leaves": Leaves(counts=True), "minimum_cell": 10})


def told(live: Stage, number: int = 0) -> list[Told]:
    with live.world.hub.db.reading() as session:
        federation = federations.by_id(session, live.world.federation)
        assert federation is not None
        return list(at_hub.told(session, federation, live.world.members[number].institution))


def test_one_command_says_it_here_and_tells_the_hub(live: Stage) -> None:
    member = live.world.members[0]
    (before,) = told(live)
    assert before.said is None
    home = live.home(member, records=120, canary="canary")
    done = run(home.root, "data", "fit", live.world.federation)
    assert done.exit_code == 0, done.output
    assert "fits" in done.output and "The hub was told" in done.output
    (after,) = told(live)
    assert after.said is not None and after.at is not None
    assert after.said.fitness is Fitness.FITS
    assert after.said.sheet == digest_of(SHEET)
    lines = run(home.root, "log").output
    assert "sheets-fitted" in lines
    with live.world.hub.db.reading() as session:
        kinds = [line.kind for line in session.query(SentLine)]
    assert "fit" in kinds
    assert told(live, 1)[0].said is None


def test_what_the_hub_does_not_take(live: Stage) -> None:
    """Names that are not the sheet's, another version of a sheet, a federation that is none of the site's."""
    home = live.home(live.world.members[0])
    door, federation = open_site(home).door, live.world.federation
    good = SheetFit(sheet=digest_of(SHEET), fitness=Fitness.FITS)
    for bad in (
        good.model_copy(update={"absent": ("canary",)}),
        good.model_copy(update={"sparse": ("canary",)}),
        good.model_copy(update={"sheet": "0" * 64}),
    ):
        with pytest.raises(HubFault):
            door.fits(FitReport(federation=federation, fits=(bad,)))
    with pytest.raises(HubFault):
        door.sheets("federation_0000000000000000000000")
    assert told(live)[0].said is None


def test_numbers_leave_in_bands_and_only_where_the_policy_lets_them(tmp_path: Path) -> None:
    folder = homes.records(tmp_path / "records", 120)
    found = inspect(folder, (WIDER,))
    (closed,) = fits.report(
        "f", (WIDER,), found, POLICY.model_copy(update={"leaves": Leaves()})
    ).fits
    assert (closed.fitness, closed.absent) == (Fitness.FITS, ("mood",))
    assert (closed.sparse, closed.records_band) == ((), "")
    (counted,) = fits.report("f", (WIDER,), found, OPEN).fits
    assert counted.records_band == "100-199"
    assert (counted.modalities, closed.modalities) == ({"table": "100-199"}, {})
    (none,) = fits.report("f", (WIDER,), found, None).fits
    assert none == closed


def test_a_small_folder_tells_no_number(tmp_path: Path) -> None:
    """Fewer records than a figure needs: a code, and nothing else."""
    folder = homes.records(tmp_path / "records", 8)
    found = inspect(folder, (SHEET,))
    (said,) = fits.report("f", (SHEET,), found, OPEN).fits
    assert said.fitness is Fitness.TOO_FEW_RECORDS
    assert (said.sparse, said.records_band) == ((), "")


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("  pass:", "  other:", Fitness.NOT_LISTED),
        ("kind: binary", "kind: regression", Fitness.OTHER_KIND),
        ("student: pupil", "student: nobody", Fitness.FAULTS),
    ],
)
def test_why_it_does_not_fit_is_a_code(tmp_path: Path, old: str, new: str, code: Fitness) -> None:
    folder = homes.records(tmp_path / "records", 120)
    document = folder / "dataset.yaml"
    document.write_text(document.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    (said,) = fits.report("f", (SHEET,), inspect(folder, (SHEET,)), OPEN).fits
    assert said.fitness is code
