"""The shared model: its modules, their shapes and first weights, and how a batch runs through them."""
