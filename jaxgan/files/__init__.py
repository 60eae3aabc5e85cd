"""Files: written atomically, checked by hash, read without executing anything."""
