"""Headers under which others keep what we ask for: a hint, never a guess that is acted on."""

import difflib
from collections.abc import Sequence

from sevenfold_jobs.common.problems import shown

#: By our name, as data vendors and data frames write it, in small letters without blanks and bars.
_KNOWN_AS: dict[str, tuple[str, ...]] = {
    "date": (
        "observationdate",
        "day",
        "datetime",
        "timestamp",
        "time",
        "asof",
        "asofdate",
        "period",
        "tradedate",
    ),
    "commodity": ("symbol", "ticker", "series", "seriesid", "name", "instrument", "asset"),
    "close": (
        "price",
        "value",
        "last",
        "settle",
        "settlement",
        "adjclose",
        "closeprice",
        "closingprice",
        "px",
    ),
    "symbol": ("token", "ticker", "coin", "asset", "commodity"),
    "token": ("symbol", "asset", "coin", "currency"),
    "amount": ("value", "quantity", "size", "volume"),
    "direction": ("type", "side", "inout"),
    "pool_id": ("pool", "id", "poolid", "uuid"),
    "protocol": ("project",),
    "tvl_usd": ("tvl", "tvlusd", "totalvaluelocked"),
    "apy": ("apypct", "yield", "rate", "apr"),
    "avg_gas_gwei": ("gasgwei", "gwei", "gas", "gasprice", "avggasprice", "avggaspricewei", "value"),
    "series_id": ("series", "id", "symbol"),
    "value": ("observationvalue", "close", "price"),
    "underlying_tokens": ("underlyingtokens", "tokens"),
    "pool_meta": ("poolmeta", "meta"),
}


def hint(column: str, found: Sequence[str]) -> str:
    """What to do about a missing column: the header that most likely stands for it, else all there are."""
    bare = {_bare(each): each for each in reversed(found)}
    for name in (_bare(column), *_KNOWN_AS.get(column, ())):
        if name in bare:
            return f"rename {shown(bare[name])} to {column}"
    near = difflib.get_close_matches(column, found, 1)
    if near:
        return f"rename {shown(near[0])} to {column}"
    return f"it has {', '.join(found) or 'no columns'}"


def _bare(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter.isalnum())
