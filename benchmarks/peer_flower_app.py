"""The peer of `peer_flower` as a Flower app: its FedAvg at the server, the product's `local.train` at each client.

Runs inside Flower's own virtual environment, which sees the product's packages behind its own. The stage (plan, data
folders) is a file both sides read. Rounds are stamped as the server's strategy tells them.
"""

import json
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from flwr.app import ArrayRecord, Message, MetricRecord, RecordDict
from flwr.clientapp import ClientApp
from flwr.serverapp import ServerApp
from flwr.serverapp.strategy import FedAvg

from benchmarks import peer_flower_stage as stages
from worker.learning import local, simulate
from worker.protocol.codes import JobKind

client = ClientApp()
server = ServerApp()


@client.train()
def train(message: Any, context: Any) -> Any:
    """One round at one site: the records are read anew, as in a process that starts for each message."""
    stage = stages.read(Path(str(context.node_config["stage"])))
    site, number = str(context.node_config["site"]), int(message.content["config"]["server-round"])
    modules = stages.modules(stage.plan, message.content["arrays"].to_numpy_ndarrays())
    with tempfile.TemporaryDirectory() as work:
        found = local.train(
            simulate.manifest(stage.plan, site, number, modules, JobKind.TRAIN),
            modules,
            stages.records(stage, site),
            checkpoint=Path(work) / "checkpoint",
            **simulate.places(simulate.Folders(Path(work)), site),
        )
    after = {
        module: {name: array + found[module].delta[name] for name, array in tensors.items()}
        for module, tensors in modules.items()
    }
    weight = max(one.weight for one in found.values())
    content = {
        "arrays": ArrayRecord(stages.arrays(after)),
        "metrics": MetricRecord({"num-examples": weight}),
    }
    return Message(content=RecordDict(content), reply_to=message)


@server.main()
def main(grid: Any, context: Any) -> None:
    stage = stages.read(Path(str(context.run_config["stage"])))
    stamps: list[float] = []
    while len(list(grid.get_node_ids())) < len(stage.folders):
        time.sleep(0.2)
    strategy = FedAvg(
        fraction_evaluate=0.0,
        min_train_nodes=len(stage.folders),
        min_available_nodes=len(stage.folders),
    )
    first = local.initial_modules(stage.plan.model, stage.plan.tasks, bases={})
    result = strategy.start(
        grid=grid,
        initial_arrays=ArrayRecord(stages.arrays(first)),
        num_rounds=stage.plan.rounds,
        evaluate_fn=lambda number, arrays: stamps.append(time.time()),
    )
    np.savez(stage.folder / "flower.npz", *result.arrays.to_numpy_ndarrays())
    (stage.folder / "flower.json").write_text(json.dumps(stamps), encoding="utf-8")
