# SPDX-License-Identifier: Apache-2.0
"""What the samples of the pack are made of (see :mod:`tests.rules.workshop`): for each rule one that breaks it and
one that just doesn't. Made-up people and bodies; their codes pass their check digits."""

from tests.rules.recipes import cases, catalogue, laws, records, schema, subjects  # noqa: F401 # each fills the register
from tests.rules.recipes.recipe import RECIPES
from tests.rules.recipes.twins import TWINS

__all__ = ["RECIPES", "TWINS"]
