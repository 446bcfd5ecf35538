"""Settings that all tests share."""

from hypothesis import settings

# A loaded machine is no failure of a law: what a test may take is bounded by pytest-timeout.
settings.register_profile("ratchet", deadline=None, max_examples=60)
settings.load_profile("ratchet")
