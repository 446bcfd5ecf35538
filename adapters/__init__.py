"""I/O with one tool each; modules are named after the tool."""
