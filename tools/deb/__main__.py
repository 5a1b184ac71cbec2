"""``python -m tools.deb``: build the Debian package from this tree."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tools.deb.build import ARCHITECTURES, PYTHONS, BuildFailed, Target, build

__all__ = ["main"]

_EXAMPLES = """examples:
  python -m tools.deb                                       for Debian 12 on amd64, into dist/
  python -m tools.deb --architecture arm64                  on a 64-bit ARM board, for such boards
  python -m tools.deb --python 3.13 --out /srv/packages     for Debian 13
"""


def main(argv: list[str]) -> int:
    """Build; 0 when the package is there."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.deb",
        description=__doc__,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--python", choices=PYTHONS, default="3.11", help="the target's Python (Debian 12 has 3.11)")
    parser.add_argument("--architecture", choices=ARCHITECTURES, default="amd64", help="the target's processor")
    parser.add_argument("--out", type=Path, default=Path("dist"), metavar="FOLDER", help="where the package goes")
    arguments = parser.parse_args(argv)
    try:
        package = build(Target(arguments.python, arguments.architecture), arguments.out)
    except BuildFailed as error:
        print(f"{error}\n    {error.remedy}", file=sys.stderr)
        return 1
    print(f"{package}  {package.stat().st_size / 1e6:.1f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
