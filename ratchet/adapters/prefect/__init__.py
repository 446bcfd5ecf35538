"""The Prefect server: finding or starting it, what stands on it, its runs and events."""
