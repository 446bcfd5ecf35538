"""Verbs: one a file, each a Prefect task that calls downward. Listing this folder reads the DAG."""
