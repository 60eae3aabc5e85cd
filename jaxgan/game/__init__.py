"""The game as data, and the training step as a pure function of it."""
