"""Every element on one page, in development: what `templates/ui/` can draw, with invented content."""

from datetime import datetime

from starlette.responses import Response

from app.clock import now
from app.text import _
from app.web import render
from app.web.charts import Point, Reference, calibration_chart, line_chart
from app.web.moments import known, lately, since
from app.web.parts import (
    Bullets,
    Button,
    Code,
    Column,
    Copy,
    Empty,
    Facts,
    Few,
    Field,
    Fold,
    Form,
    Link,
    Log,
    LogLine,
    New,
    No,
    Note,
    Nothing,
    Old,
    Option,
    Panel,
    Progress,
    Sheet,
    Status,
    Step,
    Steps,
    Table,
    Task,
    Tasks,
    Whisk,
    Words,
    Yes,
)
from app.web.visit import Anyone, page_router

router = page_router()


def _statuses() -> Panel:
    at = now()
    tones = (
        Status("good", "Ready", known(at)),
        Status("busy", "Training 2 of 3", known(at)),
        Status("wait", "Waiting", known(at)),
        Status("act", "Needs you", since(at)),
        Status("stop", "Refused by rule", known(at)),
        Status("off", "Offline", known(at)),
    )
    return Panel("Status", tones, lead="A shape, a word, then how old it is.")


def _form() -> Panel:
    options = (Option("a", "One thing"), Option("b", "Another", "with a word of help"))
    fields = (
        Field(
            "cell",
            "Smallest group shown",
            "number",
            value="3",
            error="Enter a whole number, 5 or more",
        ),
        Field(
            "kind",
            "Choose one",
            "radio",
            value="a",
            options=options,
            changed="Version 3 says another.",
        ),
        Field(
            "many",
            "Choose some",
            "checks",
            values=("b",),
            options=options,
            source="Your own choice.",
        ),
        Field("list", "From a list", "select", value="b", options=options),
        Field("why", "In words", "area", optional=True),
        Field("code", "Six digits", "code", help="You may paste it."),
    )
    buttons = (
        Button("Save the draft", look="primary"),
        Button("Leave it"),
        Button("Delete", look="quiet"),
    )
    return Panel("A form", (Form("/ui", fields, buttons, method="get"),))


def _lists() -> tuple[Panel, ...]:
    at = now()
    table = Table(
        "A table",
        (
            Column("What"),
            Column("Estimate", True),
            Column("0 to 100 %"),
            Column("Fits"),
            Column("Digest"),
        ),
        (
            ("Cell division", "71 %", Whisk(64, 71, 78, 66), Yes("fits"), Code("9f2c" * 16, True)),
            ("Gene expression", Few(), Nothing(), No("does not"), Nothing()),
        ),
    )
    diff = Table(
        "A difference",
        (Column("Rule"), Column("Version 3"), Column("Version 4")),
        (("Noise", Old("not required"), New("required")),),
        diff=True,
    )
    return (
        Panel("Tables", (table, diff, Fold("f-1", "Show more", (Bullets(("one", "two")),)))),
        *_more_lists(at),
    )


def _more_lists(at: datetime) -> tuple[Panel, ...]:
    tasks = Tasks(
        (Task("Confirm a site", "It waits.", "/ui", "Compare the words", "Today, by 17:00"),)
    )
    log = Log((LogLine(at, lately(at), "Round 6 closed.", Link("Run 12", "/ui")),))
    steps = Steps(
        (Step("Opened", "done", "13:40"), Step("Training", "now"), Step("Closed", "to-come")), True
    )
    return (
        Panel(
            "Tasks, steps, log", (tasks, steps, log, Progress("p-1", 6, 20, "6 of 20 rounds done"))
        ),
        Panel(
            "Words and commands",
            (
                Copy("c-1", "The command", "collegium-site join …"),
                Words(("amber", "canyon", "lentil", "orbit", "thistle", "window")),
            ),
        ),
        Panel(
            "Facts and notes",
            (
                Facts((("Noise", "Off."), ("State", Status("good", "Ready")))),
                Note("A note."),
                Empty("Nothing yet.", Link("Next", "/ui", "btn")),
            ),
        ),
    )


def _charts() -> Panel:
    points = tuple(
        Point(x, v, v - 0.015, v + 0.015)
        for x, v in ((1, 0.742), (2, 0.771), (3, 0.79), (5, 0.804), (6, 0.811))
    )
    line = line_chart(
        "c-line",
        "Shared model by round.",
        "Shared",
        points,
        (Reference("Central", 0.823), Reference("Each site alone", 0.785)),
        last_x=20,
        now_x=7,
        now_word="now",
        first_word="round 1",
    )
    curve = calibration_chart(
        "c-curve", "Said against seen.", ((0.1, 0.12), (0.3, 0.33), (0.7, 0.66))
    )
    return Panel("Charts", (line, curve) if line else (curve,))


@router.get("/ui")
def elements(visit: Anyone) -> Response:
    sheet = Sheet(
        title=_("Every element"),
        says="For whoever writes a page.",
        panels=(_statuses(), _form(), *_lists(), _charts()),
        errors=(("cell", "Smallest group shown must be 5 or more"),),
    )
    return render.sheet(visit, sheet)
