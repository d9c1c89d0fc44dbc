"""Institutions: who they are, what proves it, which classes they have and who teaches them."""
