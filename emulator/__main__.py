"""`python -m emulator`: run an emulator until it is interrupted."""

import sys

from emulator.command import main

sys.exit(main())
