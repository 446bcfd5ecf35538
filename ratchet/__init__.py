"""Ratchet: the pipeline that retrains, gates and releases a Rasa chatbot."""
