"""Processes: each flow reads as its DAG."""
