"""Faults as the recording keeps them: class and numbers, and the texts that the product itself wrote."""

from __future__ import annotations

import socket
import sqlite3
import ssl
from typing import Any

from keys import errors as key_errors
from keys.errors import KeysError
from terminal.service.parameters.change import ParametersError, ParametersFault

__all__ = ["RECORDED", "Fault", "fault_of", "raised"]

Fault = list[Any]
"""Class name, error number, text, remedy or OpenSSL's reason."""
RECORDED = (OSError, sqlite3.Error, KeysError, ParametersError)
"""What comes from outside; anything else is a fault of the product and happens again by itself."""
_CLASSES: dict[str, type[Exception]] = {
    cls.__name__: cls
    for cls in (
        OSError, ConnectionError, ConnectionRefusedError, ConnectionResetError, ConnectionAbortedError, BrokenPipeError,
        PermissionError, FileNotFoundError, TimeoutError, BlockingIOError, InterruptedError, socket.gaierror,
        ssl.SSLError, ssl.SSLCertVerificationError, ssl.SSLEOFError, ssl.SSLZeroReturnError,
        sqlite3.Error, sqlite3.OperationalError, sqlite3.DatabaseError, sqlite3.IntegrityError, sqlite3.InternalError,
    )
}  # fmt: skip
_CLASSES["ParametersError"] = ParametersError
_CLASSES |= {name: getattr(key_errors, name) for name in key_errors.__all__}


def fault_of(error: BaseException) -> Fault:
    """A fault as it is kept."""
    name = next(cls.__name__ for cls in type(error).__mro__ if cls.__name__ in _CLASSES or cls is Exception)
    if isinstance(error, OSError):
        reason = error.reason if isinstance(error, ssl.SSLError) else ""
        return [name, error.errno, error.strerror, str(reason or "")]
    text = str(error.args[0]) if error.args else ""
    return [name, None, text, getattr(error, "remedy", "")]


def raised(fault: Fault) -> Exception:
    """The fault again."""
    name, number, text, more = fault
    cls = _CLASSES.get(name, OSError)
    if issubclass(cls, ssl.SSLError):
        error = cls(number or 0, text or "")
        error.reason = more
        return error
    if issubclass(cls, OSError):
        return cls(number, text) if number is not None else cls(*([text] if text else []))
    if issubclass(cls, KeysError):
        return cls(text, more or None)
    if issubclass(cls, ParametersError):
        return cls(ParametersFault.UNUSABLE, text, more)
    return cls(text)
