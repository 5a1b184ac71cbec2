"""``python -m tools.hardware_bench``."""

import sys

from tools.hardware_bench.cli import main

sys.exit(main(sys.argv[1:]))
