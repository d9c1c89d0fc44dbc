"""What stands beside a released model in its file: what it is for, how good it was, where it ends. Markdown."""

from sqlalchemy.orm import Session

from app.releases.models import Release
from app.runs import queries as run_queries
from app.runs import series, tallies
from app.text import _
from worker.protocol.archive import Description
from worker.protocol.words import choice_in_words


def text(session: Session, release: Release, said: Description) -> str:
    run = run_queries.by_id(session, release.run_id)
    assert run is not None
    lines = [
        "# " + _("Release {n} of {name}").format(n=said.number, name=said.federation_name),
        "",
        *_tasks(said),
        *_bases(said),
        "## " + _("How good it was"),
        "",
        _("Weighted means of what the sites measured on their hold-out records."),
        "",
        f"| {_('Task')} | {_('Metric')} | {_('Shared')} | {_('Each site alone')} | {_('Simple rule')} |",
        "|---|---|---|---|---|",
    ]
    figures = tallies.sums(session, run.id)
    for one in series.of_plan(run_queries.plan_of(run), figures, central=run.reference):
        values = [one.latest, one.local, one.rule]
        cells = ["–" if value is None else f"{value.value:.3f}" for value in values]
        lines.append(f"| {one.task} | {one.metric} | {' | '.join(cells)} |")
    lines += [
        "",
        "## " + _("Its limits"),
        "",
        "- "
        + _("It describes groups, not one student. It is not for grades and not for discipline."),
        "- "
        + _(
            "It learned from several institutions. Where yours differs, judge it on your own records first."
        ),
        "- " + _("Parts and rows that stay with one site are not in this file."),
        "- "
        + _(
            "No noise was added in training, so a part may reveal something about the records behind it."
        ),
        "",
    ]
    return "\n".join(lines)


def adapter(said: Description) -> str:
    """What stands beside a text adapter: which model it fits, and how it is put on."""
    text = said.model.text
    assert text is not None
    lines = [
        "# "
        + _("Text adapter of release {n} of {name}").format(
            n=said.number, name=said.federation_name
        ),
        "",
        _("For the text model {model} (SHA-256 of its weights: {digest}) and no other.").format(
            model=text.name, digest=text.digest
        ),
        "",
        "    from peft import PeftModel",
        "    from transformers import AutoModel",
        "",
        '    model = PeftModel.from_pretrained(AutoModel.from_pretrained("MODEL"), "FOLDER")',
        "",
        _(
            "Alone it predicts nothing: it changes how the text model reads. What the release predicts is in the"
            " release's own file, with its limits."
        ),
        "",
    ]
    return "\n".join(lines)


def _tasks(said: Description) -> list[str]:
    lines = []
    for sheet in said.tasks:
        inputs = ", ".join(column.name for column in sheet.inputs)
        lines += [f"## {sheet.target}", "", _("Reads: {inputs}.").format(inputs=inputs), ""]
    return lines


def _bases(said: Description) -> list[str]:
    """Which base models it needs beside itself; nothing where it needs none."""
    if not said.model.bases:
        return []
    lines = [
        "- "
        + _("for {modality}: {name} (SHA-256 of its weights: {digest}), {option} FOLDER").format(
            modality=choice_in_words(modality),
            name=base.name,
            digest=base.digest,
            option=f"--{modality}",
        )
        for modality, base in said.model.bases.items()
    ]
    return [
        "## " + _("What the release needs"),
        "",
        _("These base models, unchanged, each in a folder of its own:"),
        "",
        *lines,
        "",
    ]
