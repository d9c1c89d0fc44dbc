"""Models that stay at their institution. What they share with the others is named by each rule."""

from worker.learning.personalization.mean_regularised import MeanRegularised

__all__ = ["MeanRegularised"]
