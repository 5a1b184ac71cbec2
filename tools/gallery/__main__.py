"""``python -m tools.gallery``."""

import sys

from tools.gallery.cli import main

sys.exit(main(sys.argv[1:]))
