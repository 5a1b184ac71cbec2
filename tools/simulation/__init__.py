"""The simulated world: a loop on virtual time, a disk that loses power, a network that misbehaves.

The terminal's own code runs in it unmodified; a seed decides everything.
"""
