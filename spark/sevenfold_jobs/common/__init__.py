"""What every job uses: its batch, its failures, its way into the database and into Spark."""
