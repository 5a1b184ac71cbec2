"""What a technician and a developer see of the running terminal."""
