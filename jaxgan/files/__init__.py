"""Files: written atomically, verified by hash, and read without executing anything in them."""
