"""`python -m assistant` is `omni`."""

import sys

from assistant.cli import main

sys.exit(main())
