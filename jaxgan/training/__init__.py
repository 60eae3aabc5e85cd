"""A run: the loop, and everything that it leaves in its work directory."""
