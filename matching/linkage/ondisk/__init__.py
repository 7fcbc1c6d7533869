"""Tables that are larger than memory: rows in DuckDB, pairs scored by Splink on DuckDB or Spark."""
