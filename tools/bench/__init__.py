"""The bench: the unmodified terminal in a browser, with everything around it that a person would touch."""
