"""`python -m vidtext`."""

import sys

from vidtext.cli import main

sys.exit(main())
