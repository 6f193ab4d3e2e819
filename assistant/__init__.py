"""What a person runs: the command, the configuration and the composition of the parts."""
