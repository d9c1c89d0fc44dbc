"""Class reports as a site let them out: suppressed and rounded there, checked and frozen here."""
