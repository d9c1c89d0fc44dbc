"""The learning core: model, local training, aggregation, evaluation, simulation.

It knows no web, no queue and no database and could be lifted out of the repository. Hub and sites call
`local`, `aggregation` and `seeds`; `simulate` runs the same functions in one process. `aggregation`, `seeds`,
`data` and `model.layout` never import torch: the processes that fork import only these.
"""
