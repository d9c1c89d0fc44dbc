"""Published versions of the shared model, and which one is in use."""
