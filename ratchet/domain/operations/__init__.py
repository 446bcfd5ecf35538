"""What keeps the whole running: triggers, health, drift, incidents, runs, and what people label."""
