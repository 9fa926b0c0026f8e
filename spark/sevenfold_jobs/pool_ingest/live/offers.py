"""What the providers' answers of a run date offer to the tables with a history."""

import itertools
from datetime import date, timedelta

import psycopg

from sevenfold_jobs.common.batch import Batch
from sevenfold_jobs.common.bounds import BOUNDS, PEGGED_CLOSE
from sevenfold_jobs.common.failures import InvalidInput
from sevenfold_jobs.pool_ingest.live import candles, gas, llama, rates
from sevenfold_jobs.pool_ingest.live.bodies import Unreadable
from sevenfold_jobs.pool_ingest.live.listing import usable
from sevenfold_jobs.pool_ingest.live.observed import Offer
from sevenfold_jobs.pool_ingest.live.remarks import Remarks, remarked
from sevenfold_jobs.pool_ingest.live.request import Request
from sevenfold_jobs.pool_ingest.live.responses import Response, accepted

#: A chart whose newest day lies further back is stale.
FRESH_DAYS = 2
# Columns are sent once so many rows came together.
_ROWS_AT_ONCE = 50_000
# A pool that had so much on each of the days before, in percent points and US dollars, is not believed when
# it falls to exactly 0: that is left out until it has lasted.
_EARNED = 0.1
_HELD = 10_000.0
_DAYS_BEFORE_ZERO = 7
_DAYS_OF_ZERO = 7
_COINS = {"coingecko:ethereum": "ETH", "coingecko:bitcoin": "BTC"}
_PAIRS = {"ETH-USD": "ETH", "BTC-USD": "BTC", "ETHUSD": "ETH", "XBTUSD": "BTC"}


def offer_charts(
    batch: Batch,
    connection: psycopg.Connection,
    offer: Offer,
    request: Request,
    listed: set[str],
    remarks: Remarks,
) -> None:
    """All charts of the run date, some at a time: what is in memory does not grow with the pools."""
    rows: dict[str, list] = {"pool_id": [], "date": [], "apy": [], "tvl": []}
    charts = 0
    for response in accepted(connection, "llama-charts", request.day):
        charts += 1
        if response.key not in listed:
            remarks.count("charts of pools that are not listed", response.key)
            continue
        try:
            chart = llama.read_chart(response.body, request.day)
        except Unreadable as error:
            remarks.count("charts that cannot be read", f"{response.key}: {error}")
            continue
        _look_at(response.key, chart, request.day, remarks)
        _take(rows, response.key, chart, request, remarks)
        if len(rows["date"]) >= _ROWS_AT_ONCE:
            _send(offer, rows, "llama-charts")
            batch.progress(charts, charts + 1, f"reading charts, {charts:,} so far")
    if charts == 0:
        raise InvalidInput(
            f"Nothing of source llama-charts is stored for {request.day}: no pool's history was fetched."
        )
    _send(offer, rows, "llama-charts")


def _take(
    rows: dict[str, list], pool_id: str, chart: llama.Chart, request: Request, remarks: Remarks
) -> None:
    doubtful = doubtful_zeros(chart)
    for day, apy, tvl in zip(chart.days, chart.apy, chart.tvl, strict=True):
        if day in doubtful:
            continue
        if day < request.chain_days.first:
            remarks.count(f"chart rows before {request.chain_days.first}", f"{pool_id} {day}")
        elif not (_within("pool_history", "apy", apy) and _within("pool_history", "tvl", tvl)):
            remarks.count("chart rows beyond the bounds", f"{pool_id} {day}: APY {apy:g}, TVL {tvl:g}")
        else:
            rows["pool_id"].append(pool_id)
            rows["date"].append(day)
            rows["apy"].append(apy)
            rows["tvl"].append(tvl)


def _look_at(pool_id: str, chart: llama.Chart, run_date: date, remarks: Remarks) -> None:
    if chart.unusable:
        remarks.count("charts with rows that have no time, APY or TVL", f"{pool_id}: {chart.unusable}")
    if not chart.days:
        remarks.count("charts without a whole day", pool_id)
        return
    age = (run_date - chart.days[-1]).days
    if age > FRESH_DAYS:
        remarks.count("stale charts", f"{pool_id} ends {chart.days[-1]}, {age} days before {run_date}")
    for day in sorted(doubtful_zeros(chart)):
        remarks.count("APY or TVL that suddenly is exactly 0, left out", f"{pool_id} {day}")


def doubtful_zeros(chart: llama.Chart) -> set[date]:
    """Days with an APY or a TVL of exactly 0 after seven days on each of which the pool earned or held much.

    Adapters that fail write such zeros. A day that is left out is taken later, when the provider corrects it
    or the zero has lasted for seven days: then it is true.
    """
    found = _sudden_zeros(chart.apy, _EARNED) | _sudden_zeros(chart.tvl, _HELD)
    return {chart.days[index] for index in found}


def _sudden_zeros(values: list[float], least: float) -> set[int]:
    found: set[int] = set()
    believed: list[float] = []
    for is_zero, run in itertools.groupby(range(len(values)), lambda index: values[index] == 0):
        indexes = list(run)
        before = believed[-_DAYS_BEFORE_ZERO:]
        had = len(before) == _DAYS_BEFORE_ZERO and min(before) >= least
        if is_zero and had and len(indexes) < _DAYS_OF_ZERO:
            found.update(indexes)
        else:
            believed += [values[index] for index in indexes]
    return found


def offer_prices(connection: psycopg.Connection, offer: Offer, request: Request, remarks: Remarks) -> None:
    """Candles, of each token and day the first of: Coinbase, Kraken, CoinMarketCap, DefiLlama's prices."""
    chosen: dict[tuple[str, date], tuple[str, candles.Candle]] = {}
    symbols = {symbol.lower(): symbol for symbol in [*request.symbol_of.values(), *_COINS.values()]}
    for source in ("coinbase", "kraken", "coinmarketcap", "llama-coins"):
        # hourly ones before daily ones
        for response in sorted(
            usable(connection, source, request.day, remarks), key=lambda r: r.key, reverse=True
        ):
            with remarked(response, remarks):
                for symbol, candle in _candles(response, symbols, request, remarks):
                    if _price_fits(symbol, candle, request, remarks, source):
                        chosen.setdefault((symbol, candle.day), (source, candle))
    names = ("open", "high", "low", "close", "volume")
    ordered = sorted(chosen)
    offer.add(
        {
            "symbol": [symbol for symbol, _ in ordered],
            "date": [day for _, day in ordered],
            **{name: [getattr(chosen[key][1], name) for key in ordered] for name in names},
            "provider": [chosen[key][0] for key in ordered],
        }
    )
    priced = {symbol for symbol, day in ordered if day >= request.day - timedelta(days=1)}
    for symbol in sorted(set(symbols.values()) - priced):
        remarks.count("tokens without a price of the day before", symbol)


def _candles(
    response: Response, symbols: dict[str, str], request: Request, remarks: Remarks
) -> list[tuple[str, candles.Candle]]:
    day = response.day
    if response.source == "coinmarketcap":
        symbol = symbols.get(response.key.lower(), response.key)
        return [(symbol, each) for each in candles.read_coinmarketcap(response.body, response.key, day)]
    if response.source != "llama-coins":
        if response.key not in _PAIRS:
            raise Unreadable(f"the pair is not one of {', '.join(_PAIRS)}")
        read = candles.read_coinbase if response.source == "coinbase" else candles.read_kraken
        return [(_PAIRS[response.key], each) for each in read(response.body, day)]
    coins, doubtful = llama.read_coins(response.body)
    make = candles.from_hours if response.key.startswith("hourly/") else candles.from_midnights
    for key in doubtful:
        remarks.count(f"coins of a confidence below {llama.LEAST_CONFIDENCE}", key)
    return [
        (symbol, candle)
        for coin in coins
        if (symbol := _COINS.get(coin.key) or request.symbol_of.get(coin.key.removeprefix("ethereum:")))
        for candle in make(coin.points, day)
    ]


def _price_fits(symbol: str, candle: candles.Candle, request: Request, remarks: Remarks, source: str) -> bool:
    figures = {name: getattr(candle, name) for name in ("open", "high", "low", "close", "volume")}
    fits = candle.day >= request.chain_days.first and all(
        value is None or _within("token_prices_daily", name, value) for name, value in figures.items()
    )
    if fits and symbol.lower() in request.pegged:
        fits = PEGGED_CLOSE.low <= candle.close <= PEGGED_CLOSE.high
    if not fits:
        remarks.count("candles beyond the bounds", f"{source} {symbol} {candle.day}: {candle.close:g}")
    return fits


def offer_gas(connection: psycopg.Connection, offer: Offer, request: Request, remarks: Remarks) -> None:
    """The mean base fee of each day that headers were asked of."""
    by_day: dict[date, list[gas.Header]] = {}
    missing: dict[date, int] = {}
    for response in usable(connection, "gas-blocks", request.day, remarks):
        with remarked(response, remarks):
            day = _day_of_key(response.key)
            headers, none = gas.read_headers(response.body)
            by_day.setdefault(day, []).extend(headers)
            missing[day] = missing.get(day, 0) + none
    means: dict[date, float] = {}
    for day, headers in sorted(by_day.items()):
        mean, outside = gas.mean_base_fee(headers, day)
        if outside:
            remarks.say(f"gas-blocks: {outside} headers are not of {day}: left out")
        if len(headers) - outside < gas.FEWEST_SURE or missing[day]:
            remarks.say(
                f"gas-blocks: the base fee of {day} is the mean of {len(headers) - outside} headers; "
                f"{missing[day]} were not given"
            )
        if mean is not None and day < request.day:
            means[day] = mean
    offer.add(
        {
            "date": list(means),
            "actual_avg_gas_gwei": list(means.values()),
            "provider": ["gas-blocks"] * len(means),
        }
    )


def offer_rates(connection: psycopg.Connection, offer: Offer, request: Request, remarks: Remarks) -> None:
    """Rates, of each series and day the first of: New York Fed, Treasury, FRED."""
    chosen: dict[tuple[str, date], tuple[str, float]] = {}
    for source in ("nyfed", "treasury", "fred"):
        # FRED's key is the series; of the Treasury's years, the newer one knows better which months are whole
        responses = usable(connection, source, request.day, remarks)
        for response in sorted(responses, key=lambda each: each.key, reverse=True):
            with remarked(response, remarks):
                for rate in _rates(response):
                    if not request.macro_days.first <= rate.day < request.day:
                        continue
                    if not _within("macroeconomic_data", "value", rate.value):
                        remarks.count(
                            "rates beyond the bounds", f"{rate.series_id} {rate.day}: {rate.value:g}"
                        )
                        continue
                    chosen.setdefault((rate.series_id, rate.day), (source, rate.value))
    ordered = sorted(chosen)
    described = [rates.SERIES.get(series, (series, None)) for series, _ in ordered]
    offer.add(
        {
            "series_id": [series for series, _ in ordered],
            "date": [day for _, day in ordered],
            "value": [chosen[key][1] for key in ordered],
            "series_name": [name for name, _ in described],
            "frequency": [frequency for _, frequency in described],
            "provider": [chosen[key][0] for key in ordered],
        }
    )


def _rates(response: Response) -> list[rates.Rate]:
    if response.source == "nyfed":
        return rates.read_nyfed(response.body)
    if response.source == "treasury":
        return rates.read_treasury(response.body, response.day)
    return rates.read_fred(response.body, response.key)


def _day_of_key(key: str) -> date:
    try:
        return date.fromisoformat(key.partition("/")[0])
    except ValueError:
        raise Unreadable("its key does not begin with a day") from None


def _within(table: str, column: str, value: float) -> bool:
    bound = BOUNDS[table, column]
    return bound.low <= value <= bound.high


def _send(offer: Offer, rows: dict[str, list], provider: str) -> None:
    offer.add({**rows, "provider": [provider] * len(rows["date"])})
    for values in rows.values():
        values.clear()
