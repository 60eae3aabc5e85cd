"""A run: the training loop, and everything that it writes to its work directory."""
