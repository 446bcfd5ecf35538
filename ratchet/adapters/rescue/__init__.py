"""A machine's backup and its return, and what is wrong with a workspace that runs."""
