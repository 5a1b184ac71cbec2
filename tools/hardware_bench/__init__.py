"""The hardware bench: a virtual machine whose kernel gives the drivers real ``/dev`` nodes.

``packages`` finds QEMU and Debian's kernel, ``image`` packs what boots, ``machine`` runs it, ``cli`` reads
the result. ``guest`` starts the tests inside; ``uinput``, ``gadget`` and ``outside`` are the devices they play with.
"""
