"""The flight recorder: what came into one life of the terminal, so that it can be lived again elsewhere.

``loop.py`` makes the loop a function of its inputs, ``seam.py`` is where they come in and are written down,
``outside.py`` puts the machine behind that seam, ``ring.py`` is the file. Nothing here is imported unless the
configuration has a section ``[recorder]``.
"""
