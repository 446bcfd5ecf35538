"""I/O: rooms of modules, each named after its tool or its part."""
