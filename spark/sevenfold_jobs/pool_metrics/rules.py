"""The columns that this job computes, how far a change reaches, and to how many decimals a figure is kept."""

FILL_LIMIT_DAYS = 7
SHORT_WINDOW_DAYS = 7
LONG_WINDOW_DAYS = 30

# An observation is repeated for 7 days at most, stands in the windows of the 29 days after that, and the last
# of these is compared with its own next day.
LOOKBACK_DAYS = FILL_LIMIT_DAYS + LONG_WINDOW_DAYS

# Decimals of every computed figure, those of the original's column types.
DECIMALS: dict[str, int] = {
    "actual_apy": 4,
    "actual_tvl": 2,
    "eth_open": 8,
    "btc_open": 8,
    "gas_price_gwei": 4,
    "rolling_apy_7d": 4,
    "rolling_apy_30d": 4,
    "apy_delta_today_yesterday": 4,
    "stddev_apy_7d": 4,
    "stddev_apy_30d": 4,
    "stddev_apy_7d_delta": 4,
    "stddev_apy_30d_delta": 4,
}

EXOGENOUS = ("eth_open", "btc_open", "gas_price_gwei")

COLUMNS = ("pool_id", "date", *DECIMALS, "stale_days")
