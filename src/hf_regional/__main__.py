"""`python -m hf_regional` is `hf-regional`."""

import sys

from hf_regional.cli import main

if __name__ == "__main__":
    sys.exit(main())
