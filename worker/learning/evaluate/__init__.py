"""How good a model is: scores, intervals, the rule to beat, calibration, and what of it a site lets out."""
