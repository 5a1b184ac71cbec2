"""The ECR link: a till asks the terminal for payments, over TCP or a serial line (docs/integrator/ecr.md).

``frames`` and ``messages`` are pure: bytes to lines, lines to requests or to the reason why not. ``servers`` own the
lines. ``dialogue`` answers; ``job`` is what it and a flow share while a request is carried out.
"""
