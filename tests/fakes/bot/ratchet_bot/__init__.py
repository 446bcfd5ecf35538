"""A stand-in for the framework: the one tool that a server is."""
