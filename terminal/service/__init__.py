"""terminal/service."""
