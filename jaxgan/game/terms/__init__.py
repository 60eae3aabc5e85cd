"""Terms: what any game can have on top of its objective, one method a file."""
