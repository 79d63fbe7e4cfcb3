"""Times as numpy keeps them (datetime64[s], UTC) and as everyone else does (aware datetime)."""

from collections.abc import Iterable
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt

Times = npt.NDArray[np.datetime64]
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

DAY = 86_400


def from_aware(moment: datetime) -> np.datetime64:
    """An aware time as datetime64[s] in UTC. Raises ValueError for a naive one."""
    if moment.tzinfo is None:
        raise ValueError("the demo company needs an aware time")
    return np.datetime64(int(moment.timestamp()), "s")


def to_aware(moments: Times) -> list[datetime | None]:
    """datetime64[s] -> aware datetimes; NaT -> None."""
    plain: Iterable[datetime | None] = moments.astype("datetime64[s]").tolist()
    return [None if moment is None else moment.replace(tzinfo=UTC) for moment in plain]
