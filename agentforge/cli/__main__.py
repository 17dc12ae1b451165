"""``python -m agentforge.cli``."""

import sys

from agentforge.cli.app import main

sys.exit(main())
