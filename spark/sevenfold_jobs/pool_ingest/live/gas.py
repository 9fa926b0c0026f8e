"""Gas of a day: the base fee of block headers that were sampled over it."""

import re
from dataclasses import dataclass
from datetime import date
from typing import Any

from sevenfold_jobs.pool_ingest.live.bodies import Unreadable, day_at, items, read_json

_WEI_A_GWEI = 10**9
_QUANTITY = re.compile("0x[0-9a-fA-F]{1,64}")
#: Fewer headers than this say little of a day (48 of 7,200 blocks: 2.4 % error of the mean).
FEWEST_SURE = 48


@dataclass(frozen=True)
class Header:
    """A block: `base_fee` in wei, `timestamp` in Unix seconds."""

    number: int
    timestamp: int
    base_fee: int


def read_headers(body: bytes) -> tuple[list[Header], int]:
    """Headers of a JSON-RPC batch in ascending order of blocks, and how many answers were none."""
    value = read_json(body)
    if isinstance(value, dict):  # a node refuses a whole batch with one object
        raise Unreadable(f"the node answers {str(value.get('error', value))!r:.120}")
    found: dict[int, Header] = {}
    missing = 0
    for answer in items(value):
        result = answer.get("result") if isinstance(answer, dict) else None
        header = _header(result) if isinstance(result, dict) else None
        if header is None:
            missing += 1
        else:
            found[header.number] = header
    return [found[block] for block in sorted(found)], missing


def mean_base_fee(headers: list[Header], day: date) -> tuple[float | None, int]:
    """The mean base fee of a day's headers in gwei, None without any; and how many were of other days."""
    of_day = {header.number: header.base_fee for header in headers if day_at(header.timestamp) == day}
    outside = len(headers) - len(of_day)
    if not of_day:
        return None, outside
    return round(sum(of_day.values()) / len(of_day) / _WEI_A_GWEI, 9), outside


def hexadecimal(value: Any) -> int | None:
    """A quantity of JSON-RPC (`0x1f`), at most 256 bits; None for all else."""
    if not isinstance(value, str) or not _QUANTITY.fullmatch(value):
        return None
    return int(value[2:], 16)


def _header(block: dict[str, Any]) -> Header | None:
    read = [hexadecimal(block.get(name)) for name in ("number", "timestamp", "baseFeePerGas")]
    if None in read or (read[2] or 0) >= 10**5 * _WEI_A_GWEI:
        return None
    return Header(*read)  # type: ignore[arg-type]
