"""Networks: one paper a file, on the layers of layers.py."""
