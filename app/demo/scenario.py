"""Who plays in the demo: institutions, people, policies, one federation. Data only; `app.demo.walk` acts it out."""

from dataclasses import dataclass, field, replace

Fields = dict[str, str | list[str]]


@dataclass(frozen=True)
class Person:
    """`role` is a value of `access.permissions.Role`, or `operator`."""

    key: str
    name: str
    mail: str
    role: str


@dataclass(frozen=True)
class Member:
    """One institution with its people and its data. `policy` holds what differs from `POLICY`."""

    slug: str
    name: str
    kind: str
    country: str
    domain: str
    people: tuple[Person, ...]
    data: str
    """The name of its data folder."""
    parent: str = ""
    policy: Fields = field(default_factory=dict)
    classes: int = 3
    """How many of the offered classes the instructor is named for."""

    def person(self, role: str) -> Person:
        return next(person for person in self.people if person.role == role)


@dataclass(frozen=True)
class Federation:
    name: str
    purpose: str
    agreement: str
    sheets: tuple[str, ...]
    """Names of task sheets, of those the data came with."""
    model: Fields
    terms: Fields


@dataclass(frozen=True)
class Scenario:
    """The first member leads. `refuses` names the member whose site refuses at its guard: its policy asks for more
    records than it has, which only the site can know."""

    name: str
    title: str
    operators: tuple[Person, Person]
    members: tuple[Member, ...]
    federation: Federation
    text: bool
    refuses: str = ""

    @property
    def lead(self) -> Member:
        return self.members[0]

    @property
    def people(self) -> tuple[Person, ...]:
        return (*self.operators, *(p for member in self.members for p in member.people))

    def member(self, slug: str) -> Member:
        return next(member for member in self.members if member.slug == slug)

    def with_rounds(self, rounds: int) -> "Scenario":
        """The same with a shorter or longer run."""
        terms = {**self.federation.terms, "rounds": str(rounds)}
        return replace(self, federation=replace(self.federation, terms=terms))


OPERATORS = (
    Person("operator-1", "Ines Halloran", "ines@hub.example", "operator"),
    Person("operator-2", "Marek Soyinka", "marek@hub.example", "operator"),
)

POLICY: Fields = {
    "modalities": ["table", "text"],
    "task_kinds": ["binary", "multiclass", "regression"],
    "purposes": ["early-support"],
    "minimum_cohort": "2",
    "minimum_cell": "10",
    "minimum_records": "20",
    "approval": "hub",
    "leaves.updates": "yes",
    "leaves.metrics": "yes",
    "leaves.counts": "yes",
    "leaves.class_codes": "yes",
    "leaves.class_reports": "yes",
    "leaves.group_gaps": "yes",
    "protections": [],
}

FLOWS = ["updates", "metrics", "counts", "class_codes", "class_reports"]
AGREEMENT = (
    "We train one model together to see early which students may need support. Records stay where they are. Each"
    " member's own policy decides what its site may do and what leaves it, and nobody may ask a member to change it for"
    " this federation. Updates are visible to the hub while a round is open, and are deleted when it is closed. A"
    " member may leave at any time; what it contributed to a finished release stays in that release. Nobody uses the"
    " model for grades, for discipline, or to compare teachers."
)


def _staff(slug: str, domain: str, *names: str) -> tuple[Person, ...]:
    roles = ("administrator", "privacy-officer", "instructor")
    return tuple(
        Person(f"{slug}-{role}", name, f"{name.split()[0].lower()}@{domain}", role)
        for role, name in zip(roles, names, strict=False)
    )


_LAKE, _MOOR = "lakeside.example", "northmoor.example"
_HILL, _BAY = "hill.lakeside.example", "bay.lakeside.example"
_CAMPUS = (
    Member(
        slug="lakeside-district",
        name="Lakeside District",
        kind="district",
        country="GB",
        domain=_LAKE,
        people=_staff("district", _LAKE, "Dana Whitfield", "Tomas Okafor", "Ruth Adeyemi"),
        data="lakeside-district",
    ),
    Member(
        slug="northmoor-university",
        name="Northmoor University",
        kind="university",
        country="GB",
        domain=_MOOR,
        people=_staff("university", _MOOR, "Amina Castell", "Jonas Petrov", "Leila Brandt"),
        data="northmoor-university",
    ),
    Member(
        slug="lakeside-hill-school",
        name="Lakeside Hill School",
        kind="school",
        country="GB",
        domain=_HILL,
        people=_staff("hill", _HILL, "Peter Lindqvist", "Grace Mbeki", "Sam Ortega"),
        data="lakeside-hill-school",
        parent="Lakeside District",
    ),
    Member(
        slug="lakeside-bay-school",
        name="Lakeside Bay School",
        kind="school",
        country="GB",
        domain=_BAY,
        people=_staff("bay", _BAY, "Hannah Weiss", "Oliver Tan", "Maya Fontaine"),
        data="lakeside-bay-school",
        parent="Lakeside District",
        policy={"minimum_records": "500"},
    ),
)
_WEEK_SIX = Federation(
    name="Early support around the lake",
    purpose="See by week six which students may end a class below the pass mark, so that a person can offer help"
    " in time.",
    agreement=AGREEMENT,
    sheets=("at-risk-week6", "next-score"),
    model={
        "width": "32",
        "layers": "1",
        "heads": "4",
        "rank": "8",
        "rank_small": "8",
        "rank_medium": "8",
        "adapter_layers": "1",
    },
    terms={
        "rounds": "3",
        "quorum": "2",
        "deadline_min": "15",
        "minimum_cohort": "2",
        "epochs": "2",
        "personal": "chosen",
        "leaves": FLOWS,
    },
)


def campus() -> Scenario:
    """A district, two of its schools and a university; none exists."""
    return Scenario(
        name="campus",
        title="A simulated campus",
        operators=OPERATORS,
        members=_CAMPUS,
        federation=_WEEK_SIX,
        text=True,
        refuses="lakeside-bay-school",
    )


_COURSES = ("AAA", "BBB", "CCC", "DDD", "EEE", "FFF", "GGG")
_TEAMS = (
    ("Ada Nyström", "Ben Achebe", "Cleo Marsh"),
    ("Dev Laurent", "Edda Quist", "Finn Okoro"),
    ("Gia Romano", "Hal Bergman", "Ida Khan"),
    ("Jo Farrell", "Kai Sandoval", "Lena Voss"),
    ("Mia Tanaka", "Nils Abara", "Olga Reyes"),
    ("Pia Novak", "Quinn Harper", "Rosa Lind"),
    ("Sven Amadi", "Tess Moreau", "Uri Blum"),
)


_DAY_120 = Federation(
    name="Open University, day 120",
    purpose="See on day 120 which students who stay may fail the course, so that a tutor can offer help in time.",
    agreement=AGREEMENT,
    sheets=("at-risk-day120",),
    model={"width": "16", "layers": "0", "heads": "2"},
    terms={
        "rounds": "8",
        "quorum": "5",
        "deadline_min": "15",
        "minimum_cohort": "5",
        "epochs": "2",
        "personal": "chosen",
        "batch": "128",
        "lr": "0.007",
        "leaves": FLOWS,
    },
)


def ou() -> Scenario:
    """Seven courses of the Open University as seven institutions: real records of the public set."""
    members = tuple(
        Member(
            slug=f"course-{code.lower()}",
            name=f"Open University course {code}",
            kind="university",
            country="GB",
            domain=f"{code.lower()}.courses.example",
            people=_staff(f"course-{code.lower()}", f"{code.lower()}.courses.example", *team),
            data=code.lower(),
            policy={"modalities": ["table"], "minimum_cohort": "5"},
            classes=2,
        )
        for code, team in zip(_COURSES, _TEAMS, strict=True)
    )
    return Scenario(
        name="ou",
        title="Seven courses of the Open University",
        operators=OPERATORS,
        members=members,
        federation=_DAY_120,
        text=False,
    )


SCENARIOS = {"campus": campus, "ou": ou}
