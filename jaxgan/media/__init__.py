"""Media: what a stored example is, and how it is decoded, shown and written."""
