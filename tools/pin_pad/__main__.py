"""``python -m tools.pin_pad``."""

import sys

from tools.pin_pad.cli import main

sys.exit(main(sys.argv[1:]))
