"""The devices of this machine: what is connected, what it is taken for and why, and whether it works."""
