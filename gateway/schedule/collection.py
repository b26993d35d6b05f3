# SPDX-License-Identifier: Apache-2.0
"""Garbage collection while records flow: what was wired stays, what a chunk made is freed by counting references."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

_THRESHOLDS = (20_000, 20, 20)
"""A chunk makes some 100,000 objects that live until its commit; the usual 700 would look at them over and over."""


@contextmanager
def rare_collection() -> Iterator[None]:
    """Collect rarely, and leave out all that exists at the beginning, for as long as the block lasts.

    The pack, compiled mappings and libraries are some 300,000 objects; walking them costs a tenth of a run's time.
    """
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(*_THRESHOLDS)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
