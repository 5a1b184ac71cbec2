"""A whole counter in real processes: terminal, bank, network, devices, cards and codes, and everything done with them.

The browser bench shows it, a story plays it; the terminal in it is the one that ships, run unchanged.
"""
