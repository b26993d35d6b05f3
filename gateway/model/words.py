# SPDX-License-Identifier: Apache-2.0
"""A sentence in the two languages of the product, Chinese first."""

from typing import NamedTuple


class Words(NamedTuple):
    """One sentence in Chinese and in English."""

    zh: str
    en: str

    def spoken(self, language: str) -> str:
        """Return the sentence in ``language`` (``zh`` or ``en``; anything else reads as Chinese)."""
        return self.en if language.startswith("en") else self.zh
