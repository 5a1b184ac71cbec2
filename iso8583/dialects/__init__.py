"""The declared dialects: tables to read."""

from __future__ import annotations

from iso8583.declaration import Declaration
from iso8583.dialects import iso87, iso93, unionpay

__all__ = ["DECLARATIONS"]

DECLARATIONS: dict[str, Declaration] = {
    declaration.name: declaration for declaration in (*unionpay.DECLARATIONS, *iso87.DECLARATIONS, *iso93.DECLARATIONS)
}
"""Every dialect by its name."""
