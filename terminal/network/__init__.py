"""The links of the machine: which there are, which one is used, and joining a Wi-Fi network.

NetworkManager does the work and decides what happens when a link is lost; this room asks, shows and sets the order.
``state.py`` is what the rest of the terminal knows of it; everything else is imported only with ``[network]``.
"""
