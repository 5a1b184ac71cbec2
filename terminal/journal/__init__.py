"""terminal/journal."""
