"""Local training at one site: batches, the loop, checkpoints, cached frozen layers, training alone."""
