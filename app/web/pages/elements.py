"""Every element on one page, in development: what `templates/ui/` can draw, with invented content."""

from datetime import datetime

from starlette.responses import Response

from app.clock import now
from app.evidence.parts import Arrow, Box, Drawing
from app.text import _
from app.web import render
from app.web.charts import Point, Reference, calibration_chart, line_chart
from app.web.moments import known, lately, since
from app.web.parts import (
    Act,
    Acts,
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
    Heading,
    Link,
    Links,
    Log,
    LogLine,
    Matrix,
    Muted,
    New,
    No,
    Note,
    Nothing,
    Old,
    Option,
    Panel,
    Progress,
    Quoted,
    Said,
    Sheet,
    Status,
    Step,
    Steps,
    Table,
    Task,
    Tasks,
    Text,
    When,
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
        Field("side", "Side by side", "radio", value="b", options=options, across=True),
    )
    buttons = (
        Button("Save the draft", look="primary"),
        Button("Leave it"),
        Button("Delete", look="quiet"),
    )
    return Panel("Forms", (Form("/ui", fields, buttons, method="get"), *_short_forms()))


def _short_forms() -> tuple[Form, ...]:
    row = (Field("short", "In a row", "select", options=(Option("a", "One thing"),)),)
    return (
        Form("/ui", row, (Button("Show"),), method="get", row=True),
        Form("/ui", (), (Button("One button"),), method="get", inline=True),
    )


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
            (Quoted("Genes.", "as said", "en"), Few(), Nothing(), No("does not"), Nothing()),
        ),
    )
    diff = Table(
        "A difference",
        (Column("Rule"), Column("Version 3"), Column("Version 4")),
        (("Noise", Old("not required"), New("required")),),
        diff=True,
    )
    acts = Table(
        "Acts of a row",
        (Column("Device"), Column("Last seen"), Column("State"), Column("")),
        (
            (
                Link("Firefox", "/ui"),
                When(at, lately(at)),
                Said("In use.", Link("See it", "/ui")),
                Acts((Act("/display", "End", "Firefox", (("next", "/ui"),)),)),
            ),
        ),
    )
    return (
        Panel("Tables", (table, diff, acts, Fold("f-1", "Show more", (Bullets(("one", "two")),)))),
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
                Matrix(3, "M0 0h1v1h-1zM2 2h1v1h-1z", "A code to scan"),
                Words(("amber", "canyon", "lentil", "orbit", "thistle", "window")),
            ),
        ),
        Panel(
            "Facts and notes",
            (
                Facts((("Noise", "Off."), ("State", Status("good", "Ready")))),
                Facts((("Noise", "Off."), ("Kept", Muted("no longer"))), stacked=True),
                Heading("A heading within"),
                Text("A sentence, then a quiet one."),
                Text("Small and quiet.", muted=True, small=True),
                Links((Link("One way", "/ui"), Link("Another", "/ui")), down=True),
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
    flow = Drawing(
        "c-flow",
        "Two places.",
        "What goes from here to there.",
        360,
        120,
        (Box(4, 4, 352, 40, "Here", fence=True), Box(4, 76, 352, 40, "There")),
        (Arrow(180, 44, 180, 76, "1"),),
    )
    return Panel("Charts", (line, curve, flow) if line else (curve, flow))


@router.get("/ui")
def elements(visit: Anyone) -> Response:
    sheet = Sheet(
        title=_("Every element"),
        says="For whoever writes a page.",
        panels=(_statuses(), _form(), *_lists(), _charts()),
        actions=(Link("The main action", "/ui", "primary"),),
        steps=Steps(
            (
                Step("Purpose", "done", href="/ui"),
                Step("Model", "now"),
                Step("Check", "to-come"),
            ),
            across=True,
            label="Where one is",
        ),
        aside=(Panel("At the side", (Text("What belongs beside."),)),),
        errors=(("cell", "Smallest group shown must be 5 or more"),),
    )
    return render.sheet(visit, sheet)
