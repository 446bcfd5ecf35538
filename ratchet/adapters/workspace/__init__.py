"""Which workspace a folder is, and what of this machine belongs to it."""
