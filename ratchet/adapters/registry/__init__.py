"""The registry of models, releases and overrides, in MLflow."""
