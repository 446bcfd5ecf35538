"""What growth costs: events, corpus, rollouts, from measurements and a simulation."""
