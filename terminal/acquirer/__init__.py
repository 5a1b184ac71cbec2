"""terminal/acquirer."""
