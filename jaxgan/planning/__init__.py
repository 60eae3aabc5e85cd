"""What a step costs, known before it runs: the compiled program, read."""
