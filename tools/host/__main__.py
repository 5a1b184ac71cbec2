"""``python -m tools.host``."""

import sys

from tools.host.command import main

sys.exit(main())
