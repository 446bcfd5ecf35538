"""The HTTP channel through which people's applications, staging checks and the monitor talk to a release."""
