"""The commands of the command line, one per file: each file has a COMMAND."""
