"""The registry of commands that operators call, and its transports."""
