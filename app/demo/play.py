"""One walk through the hub: who acts, what is remembered, and the steps in order."""

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.policy import default

from app.demo.console import Console
from app.demo.memory import Memory
from app.demo.scenario import Person, Scenario
from app.demo.stage import Stage
from app.demo.visitor import Refused, Visitor

_LINK = re.compile(r"https?://\S+")


@dataclass(frozen=True)
class Step:
    """`key` is remembered once `act` has returned; a step that was cut short is done again."""

    key: str
    title: str
    act: Callable[[], None]


@dataclass
class Play:
    stage: Stage
    memory: Memory
    console: Console
    visitors: dict[str, Visitor] = field(default_factory=dict)

    @property
    def scenario(self) -> Scenario:
        return self.stage.scenario

    def run(self, steps: list[Step]) -> None:
        """The steps not yet done. Raises Refused, NotReady or ChildEnded where one stops."""
        for number, step in enumerate(steps, 1):
            if step.key in self.memory.done:
                continue
            self.stage.group.check()
            self.console.step(number, step.title)
            step.act()
            self.memory.finish(step.key)

    @contextmanager
    def stranger(self) -> Iterator[Visitor]:
        visitor = Visitor(self.stage.address)
        try:
            yield visitor
        finally:
            visitor.close()

    def visitor(self, person: Person) -> Visitor:
        """This person, signed in by mail and password."""
        known = self.visitors.get(person.key)
        if known is None:
            known = Visitor(self.stage.address, person.name, self.memory.password)
            proof = {"email": person.mail, "password": self.memory.password}
            known.send(known.open("/sign-in"), "/sign-in", proof)
            self.visitors[person.key] = known
        return known

    def link_in_mail(self, to: str, part: str, *, seconds: float = 15) -> str:
        """The newest link with `part` in this person's mailbox. Mails of the demo are files."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for path in sorted(self.stage.mails.glob("*"), reverse=True):
                message = message_from_bytes(path.read_bytes(), policy=default)
                body = message.get_body()
                if body is None or to not in str(message["To"]):
                    continue
                for link in _LINK.findall(body.get_content()):
                    if part in link:
                        return str(link)
            time.sleep(0.2)
        raise Refused(f"no mail with {part} came to {to}")

    def close(self) -> None:
        for visitor in self.visitors.values():
            visitor.close()
        self.visitors.clear()
