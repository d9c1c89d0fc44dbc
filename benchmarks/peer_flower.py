"""The same federation through the product and through Flower, both live.
`python -m benchmarks.peer_flower --json --data DIR`.

Seven Open University courses as seven sites (day 120, without the course as an input), the product's model, the same
split, rounds, epochs, batches and rate; `local.train` is what both run at a site, on one thread. Ours: the hub
(`serve --all`: web, two workers, beat; Redis; SQLite) and seven `collegium-site run`. Flower's, of the version pinned
in `peer_flower_live`: a SuperLink and seven SuperNodes in their default modes, FedAvg weighted by records. Both without
TLS. Sites speak to the server through a forwarder that counts bytes, whatever is spoken.

`auc_*`: the shared model after the last round, on all test records. `round_s_*`: median time from the end of one round
to the end of the next; ours also trains each site's baseline, alone, beside the first rounds, so `--skip` rounds are
left out. `kb_up_*`, `kb_down_*`: a site and round, polls and signatures included, after the first round; `kb_start_*`:
all sites together until then. `server_mb_*`: the most unshared memory of all the server's processes; `site_mb_*`: the
same of the sites', divided by their number.
"""

import argparse
import json
import signal
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import harness, peer_flower_live, peer_flower_ours, wire
from benchmarks import peer_flower_stage as stages

FILES = ("assessments", "studentAssessment", "studentInfo")


def ours(stage: stages.Stage, skip: int) -> dict[str, float]:
    with peer_flower_ours.started(stage) as live:
        with wire.Watch(live.wire, live.server, live.sites) as watch:
            live.wait()
        found, stamps = live.modules(), live.stamps()
    score = stages.auc(stage, found, stage.folder / "judged-ours")
    return {"auc_ours": score} | _figures("ours", watch, stamps, len(stage.folders), skip)


def flower(stage: stages.Stage, programs: Path, skip: int) -> dict[str, float]:
    with peer_flower_live.started(programs, stage) as live:
        nodes = [node.pid for node in live.nodes]
        with wire.Watch(live.wire, [live.link.pid], nodes) as watch:
            live.train()
    stamps = json.loads((stage.folder / "flower.json").read_text(encoding="utf-8"))
    with np.load(stage.folder / "flower.npz") as file:
        found = stages.modules(stage.plan, [file[name] for name in file.files])
    score = stages.auc(stage, found, stage.folder / "judged-flower")
    return {"auc_flower": score} | _figures("flower", watch, stamps, len(stage.folders), skip)


def _figures(
    name: str, watch: wire.Watch, stamps: Sequence[float], sites: int, skip: int
) -> dict[str, float]:
    """`stamps`: the start of the first round, then the end of each."""
    lasted = np.diff(stamps)[skip:]
    up, down = watch.between(stamps[1], stamps[-1])
    before = sum(watch.between(0, stamps[1]))
    each = 1000 * sites * (len(stamps) - 2)
    return {
        f"round_s_{name}": float(np.median(lasted)),
        f"round_max_s_{name}": float(lasted.max()),
        f"whole_s_{name}": stamps[-1] - stamps[0],
        f"kb_up_{name}": up / each,
        f"kb_down_{name}": down / each,
        f"kb_start_{name}": before / 1000,
        f"server_mb_{name}": watch.most_mb["server"],
        f"site_mb_{name}": watch.most_mb["sites"] / sites,
    }


def measure(options: harness.Options) -> harness.Measured:
    assert options.data is not None
    # So that everything that was started is ended, also when this program is asked to stop.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(1))
    given, source = options.given, options.data / "oulad"
    found: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory(prefix="collegium-peer-") as place:
        programs = peer_flower_live.environment(given.environment or Path(place) / "flower")
        for seed in given.seeds:
            folder = Path(place) / f"seed-{seed}"
            folder.mkdir()
            stage = stages.make(source, folder, seed, given.rounds)
            one = ours(stage, given.skip) | flower(stage, programs, given.skip)
            harness.say(f"seed {seed}: " + ", ".join(f"{k} {v:.4g}" for k, v in one.items()))
            for key, value in one.items():
                found.setdefault(key, []).append(value)
    figures: dict[str, float] = {key: float(np.mean(values)) for key, values in found.items()}
    if len(given.seeds) > 1:
        figures |= {f"{key}_sd": float(np.std(values, ddof=1)) for key, values in found.items()}
    figures |= {"rounds": given.rounds, "sites": 7}
    files = [next(source.glob(f"{name}.csv*")) for name in FILES]
    return harness.Measured(figures, given.seeds, harness.digest_of_files(files))


def _arguments(parser: argparse.ArgumentParser) -> Any:
    parser.add_argument("--seeds", type=int, nargs="+", default=(1, 2, 3))
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--skip", type=int, default=4, help="rounds left out of the median")
    parser.add_argument("--environment", type=Path, help="where Flower's environment is or goes")


if __name__ == "__main__":
    sys.exit(harness.main("peer_flower", measure, add_arguments=_arguments, needs_data=True))
