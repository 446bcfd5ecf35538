"""What exactly is trained and released, and how it is released."""
