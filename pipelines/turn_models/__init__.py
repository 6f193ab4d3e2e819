"""Models that judge by the sound whether a speaker has ended."""
