"""terminal/screens."""
