"""The Prefect server: finding or starting it, what is on it, its runs and events."""
