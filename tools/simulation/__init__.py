"""The simulated world: one loop with a virtual clock, a disk that loses power, a network that misbehaves, a host that counts.

The terminal's own code runs in it unmodified; a seed decides everything.
"""
