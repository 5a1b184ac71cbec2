"""``python -m tools``: the same as the command ``countertop``."""

import sys

from tools.cli import main

sys.exit(main())
