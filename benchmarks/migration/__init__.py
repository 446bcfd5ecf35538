"""What becomes of real Rasa projects: brought over, trained, released, and set beside the original."""
