# SPDX-License-Identifier: Apache-2.0
"""``python -m gateway``."""

from gateway.cli import main

if __name__ == "__main__":
    main()
