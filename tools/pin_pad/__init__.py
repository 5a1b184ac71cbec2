"""A PIN pad that does not exist: its own keys, the protocol of docs/integrator/pin-pad.md, on a pseudo-terminal.

For the laboratory: a person or a test types the PIN here, and the terminal gets what a real pad would give.
"""
