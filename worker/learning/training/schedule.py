"""The learning rate of a round. A function of the manifest alone, so every site of a round uses the same one."""

from worker.protocol.manifest import Training


def of_round(plan: Training, number: int) -> Training:
    """lr · 2^-((round - 1) / half_life). With a constant rate, sites whose records differ never settle on the
    common optimum (Li et al., On the convergence of FedAvg on non-IID data, arXiv 1907.02189, theorem 4).
    """
    if plan.half_life is None:
        return plan
    return plan.model_copy(update={"lr": plan.lr * 0.5 ** (max(number - 1, 0) / plan.half_life)})
