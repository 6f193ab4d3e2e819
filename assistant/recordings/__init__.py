"""Sessions that are kept as they happened, and run again."""
