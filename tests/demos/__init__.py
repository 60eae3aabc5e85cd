"""Scripts that draw a picture each of what a method does: `python -m tests.demos.NAME [FILE]`."""
