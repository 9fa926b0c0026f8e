"""What was decided about the forecast once and for all (docs/decisions/007-forecast.md has the numbers)."""

# As the metrics: an observation is repeated for seven days at most.
FILL_LIMIT_DAYS = 7
# The features of a day look no further back: 60 days of history, or 30 days of changes of filled values.
LOOKBACK_DAYS = 60

# A pool is forecast from its second day on, by the models from its third.
FEWEST_DAYS = 2
FEWEST_DAYS_OF_A_MODEL = 3

HORIZONS = (1, 2, 3, 4, 5, 6, 7)

# A model learns from the targets of this many days before the day it was fitted for.
TRAINING_DAYS = 180
# Blocks are counted from 1970-01-01 and not from the run date, so that the model of a finished block is the
# same whichever day asks for it. The last three hold 60 to 89 days, on which shrink and widths are chosen.
BLOCK_DAYS = 30
HELD_OUT_BLOCKS = 3
CALIBRATION_BLOCKS = 2
TVL_BLOCK_DAYS = 90

# Fewer than this and a booster learns noise: the forecast is persistence.
FEWEST_TRAINING_ROWS = 200
FEWEST_TRAINING_DAYS = 10
# More teach it little: a fit takes a sample over all days and pools (sampling.py). 500 pools have 88,000 rows
# in 180 days, which take a minute and a half to fit; the larger half of that is the fan, which has two rows
# for each of these.
MOST_TRAINING_ROWS = {"apy": 40_000, "tvl": 40_000, "q10": 20_000, "q90": 20_000}
# A shrink is chosen on at least this many days.
FEWEST_HELD_OUT_DAYS = 10
# Shrink and widths are chosen on so many pools of each day: 60 days of these say it to a hundredth.
MOST_HELD_OUT_ROWS_A_DAY = 600

SHRINKS = tuple(step / 20 for step in range(21))
# Errors beyond this (percent points) count as this when a shrink is chosen: one broken pool decides nothing.
LARGEST_ERROR = 50.0
LARGEST_TVL_ERROR = 1.0  # log-ratio

# Changes are learnt in units of the pool's own recent changes, and clipped there.
LARGEST_SCALED_CHANGE = 10.0
LARGEST_CHANGE_IN_SCALE = 50.0  # percent points
LARGEST_LOG_CHANGE_IN_SCALE = 1.0

QUANTILES = (0.1, 0.9)
WIDENINGS = tuple(step / 20 for step in range(4, 81))
# Without a model: 80 % of changes lie within this many mean absolute changes, growing with the root of time.
WIDTH_WITHOUT_MODEL = 2.0
# Nothing is known of a pool of two days: its APY may well be half or one and a half times as large.
COLD_START_RELATIVE_WIDTH = 0.5
COLD_START_TVL_WIDTH = 0.3

APY_DECIMALS = 4
TVL_DECIMALS = 2
GAS_DECIMALS = 4

# Part of every request to the booster: the same rows give the same model only while these stay.
SEED = 7
TASKS = 1
