"""Template sentences of the simulated campus: what an invented student writes about the first six weeks."""

from collections.abc import Sequence

MASTERY: tuple[Sequence[str], ...] = (
    (
        "I do not understand {topic} and the exercises feel far too hard.",
        "I got lost in {topic} from the second week on.",
        "Even after the explanation {topic} makes no sense to me.",
        "I guessed most answers in the test on {topic}.",
    ),
    (
        "{Topic} is still shaky and I need a lot of help with the exercises.",
        "I follow the examples on {topic} but cannot do new ones alone.",
        "I mix up the steps in {topic}.",
        "The test on {topic} went worse than I hoped.",
    ),
    (
        "I understand the main idea of {topic} and am working on the details.",
        "{Topic} was fine after I asked a classmate.",
        "Some parts of {topic} are clear, others need practice.",
        "I can do most of the exercises on {topic}.",
    ),
    (
        "{Topic} went well and I could explain it to my group.",
        "I solved nearly all exercises on {topic} without help.",
        "I feel ready for the next step after {topic}.",
        "The test on {topic} was easier than I expected.",
    ),
)
EFFORT: tuple[Sequence[str], ...] = (
    (
        "I have not opened the materials for a while.",
        "I missed several sessions and did not catch up.",
        "I keep putting the homework off.",
        "I handed the last tasks in late or not at all.",
    ),
    (
        "I start my work the evening before it is due.",
        "I read the materials only when I have to.",
        "I sometimes skip the practice questions.",
        "I would like to plan my week better.",
    ),
    (
        "I study on most days and hand my work in on time.",
        "I go through the notes once a week.",
        "I finish the practice questions before class.",
        "I keep up with the plan.",
    ),
    (
        "I prepare every session and do the extra questions too.",
        "I meet my study group twice a week.",
        "I revise a little every day.",
        "I started the next chapter already.",
    ),
)
STRAIN: Sequence[str] = (
    "I work evening shifts and have little time left.",
    "We moved house this month and I still have no quiet place to study.",
    "I look after my younger brother in the afternoons.",
    "The bus takes two hours each way and I am tired.",
    "I am thinking about dropping this class.",
    "I have no computer at home and share a phone.",
    "I cannot sleep well before the tests.",
    "I feel alone in this class.",
)
EASE: Sequence[str] = (
    "I like the people in my group.",
    "The new timetable suits me well.",
    "My family gives me time and a quiet room to work.",
    "I feel at home in this class.",
    "I know whom to ask when I am stuck.",
    "I am looking forward to the project.",
    "The library is a good place to work.",
    "I enjoy coming to class.",
)
ASIDE: Sequence[str] = (
    "The room is cold in the mornings.",
    "The last lesson was about {topic}.",
    "We had a guest on Tuesday.",
    "The new book has good pictures.",
    "We worked in groups of four.",
    "There was a short film about {topic}.",
    "The homework was about {topic}.",
    "We changed seats last week.",
)
TOPICS: dict[str, Sequence[str]] = {
    "MATH": ("fractions", "linear equations", "functions", "probability"),
    "SCI": ("cells", "electric circuits", "chemical reactions", "forces"),
    "BIO": ("genetics", "cell division", "enzymes", "ecosystems"),
    "CHEM": ("reaction rates", "acids and bases", "the periodic table", "bonding"),
    "ENG": ("the short story", "arguing a point", "poetry", "grammar"),
    "HIST": ("the sources", "the industrial towns", "the migration chapter", "timelines"),
    "ECON": ("supply and demand", "elasticity", "markets", "national accounts"),
    "COMP": ("loops", "recursion", "data tables", "binary numbers"),
    "PSY": ("memory", "experiments", "learning theory", "statistics"),
    "ART": ("perspective", "colour", "composition", "printing"),
}
