"""terminal/slips."""
