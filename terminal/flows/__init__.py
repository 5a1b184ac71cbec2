"""terminal/flows."""
