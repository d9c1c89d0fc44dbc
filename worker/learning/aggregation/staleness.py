"""How much an update counts that started from an older state than the one it is added to."""


def discounted(weight: float, staleness: int) -> float:
    """w · (1 + s)^-1/2 for a base `staleness` = s rounds old: 1, .71, .58, …

    Polynomial staleness with a = 1/2 (asynchronous federated optimisation, Xie et al., arXiv 1903.03934, section 5;
    FedBuff, Nguyen et al., arXiv 2106.06639, uses the same). Raises ValueError for a base from the future.
    """
    if staleness < 0:
        raise ValueError(f"a base cannot be {-staleness} rounds ahead")
    return weight * float((1 + staleness) ** -0.5)
