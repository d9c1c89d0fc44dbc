"""What a modality that is missing at prediction costs. `python -m benchmarks.missing --json --data DIR`.

The speech sites of scenario LANG (recordings, prompts, lengths). Two federations are trained on the same records: with
absent tokens and modality dropout as the product has them, and without both. Then 10, 30 or 50 % of each site's test
records lose either their recording or their text, drawn evenly. `pcc_N_*` is the mean PCC of the four scores.
"""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks import harness, lang
from benchmarks.pieces import text_model
from worker.learning import simulate
from worker.learning.data.folder import digest_of_records
from worker.learning.data.records import Media, SiteData, TaskData

SHARES = (0, 10, 30, 50)
WAYS = {"with": {}, "without": {"absent_tokens": False, "modality_dropout": 0.0}}


def stripped(data: SiteData, share: int, seed: int) -> SiteData:
    """The same records in every task lose the same modality."""
    count = len(next(iter(data.tasks.values())).label)
    drawn = np.random.default_rng([seed, share]).permutation(count)[: round(count * share / 100)]
    deaf, blind = set(drawn[::2].tolist()), set(drawn[1::2].tolist())
    tasks = {name: _without(task, deaf, blind) for name, task in data.tasks.items()}
    return SiteData(tasks, digest_of_records(tasks))


def _without(task: TaskData, deaf: set[int], blind: set[int]) -> TaskData:
    media = {
        name: Media(
            tuple("" if n in deaf else path for n, path in enumerate(one.paths)),
            tuple("" if n in deaf else digest for n, digest in enumerate(one.digests)),
        )
        for name, one in task.media.items()
    }
    text = {
        name: ["" if n in blind else said for n, said in enumerate(texts)]
        for name, texts in task.text.items()
    }
    return replace(task, media=media, text=text)


def one_seed(data: Path, seed: int, place: Path) -> dict[str, float]:
    sites, sheets = lang.speech(data / "speechocean762", place / "speech", prompts=True)
    folders = simulate.Folders(place / f"work-{seed}", text_model(), cache=place / "states")
    found = {}
    for way, change in WAYS.items():
        plan = lang.plan_of(sheets, seed, **change)
        result = simulate.run(plan, sites, folders, measure=lambda number: False)
        for share in SHARES:
            poorer = {name: stripped(one, share, seed) for name, one in sites.items()}
            scores = lang.judged(plan, result.modules, poorer, folders)
            found[f"pcc_{share}_{way}"] = float(np.mean(list(scores.values())))
        harness.say(f"seed {seed}, {way}: {found}")
    return found


def measure(options: harness.Options) -> harness.Measured:
    return lang.over_seeds(options, one_seed)


if __name__ == "__main__":
    sys.exit(harness.main("missing", measure, add_arguments=lang.arguments, needs_data=True))
