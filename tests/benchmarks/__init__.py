"""What is measured by hand, each module by `python -m`; its threads take turns as those of the program do."""

from assistant.cli import take_short_turns

take_short_turns()
