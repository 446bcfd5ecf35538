"""The pages that people read: of a run, and of a validation."""
