"""``python -m agentforge``: the command line."""

import sys

from agentforge.cli.app import main

sys.exit(main())
