"""What every adapter uses: commands, processes, files, locks, Git, YAML, the terminal."""
