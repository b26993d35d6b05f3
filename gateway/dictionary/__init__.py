# SPDX-License-Identifier: Apache-2.0
"""What is made from the data dictionary (数据字典): tables, templates, pages, data, and what differs between packs.

``gateway.dictionary.export`` writes the files; it loads SQLAlchemy and openpyxl and is imported where it is needed.
"""

from gateway.dictionary.changes import Change, compare, compare_rules
from gateway.dictionary.described import Described, describe
from gateway.dictionary.layout import Column, Layout, layouts

__all__ = ["Change", "Column", "Described", "Layout", "compare", "compare_rules", "describe", "layouts"]
