"""Phase forecast: tomorrow's APY and TVL of every pool, how sure that is, and tomorrow's gas."""
