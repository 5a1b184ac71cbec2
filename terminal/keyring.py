"""From the configuration to the protector of the key vault."""
