"""Erasure requests as the hub knows them: that someone at a site withdrew consent, never who. Erasing is not built."""
