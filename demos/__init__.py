"""Scripts that draw a picture each of what a method does: `python -m demos.NAME [FILE]`."""
