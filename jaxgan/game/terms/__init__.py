"""Terms: what can be added to the objective of any game, one method per file."""
