"""Parameters that change while a terminal is in service (docs/technician/parameters.md)."""

from terminal.service.parameters.change import (
    Change,
    ChangeState,
    ParametersError,
    ParametersFault,
    Refusal,
    Refused,
    Source,
    Waits,
)
from terminal.service.parameters.parameters import Parameters, Standing
from terminal.service.parameters.store import PARAMETERS_NAME

__all__ = [
    "PARAMETERS_NAME",
    "Change",
    "ChangeState",
    "Parameters",
    "ParametersError",
    "ParametersFault",
    "Refusal",
    "Refused",
    "Source",
    "Standing",
    "Waits",
]
