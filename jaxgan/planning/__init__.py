"""The cost of a training step, known before it runs, by reading the compiled program."""
