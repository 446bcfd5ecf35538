"""The `swarm` target: Docker Swarm with HAProxy in front."""
