"""Labelled messages out of files, whatever their format."""
