"""terminal/domain."""
