"""What every room stands on: commands, processes, files, locks, Git, YAML, the terminal."""
