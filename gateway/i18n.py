# SPDX-License-Identifier: Apache-2.0
"""The language of one process: Chinese is the source, English a gettext catalogue (``--lang``, ``GATEWAY_LANG``, ``LANG``).

Texts that live in data or findings are ``Words``; sentences of the command line go through ``_``. Nothing is loaded
for Chinese but click's own few words, so that ``gateway --help`` stays fast.
"""

import gettext
import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

LANGUAGES: Final = ("zh", "en")
LOCALE: Final = Path(__file__).parent / "locale"
_VARIABLES: Final = ("GATEWAY_LANG", "LC_ALL", "LC_MESSAGES", "LANG")
_CLICK_CATALOGUE: Final = {"zh": "zh_CN", "en": "en"}

_spoken = "zh"
_asked = False


def choose(environment: Mapping[str, str]) -> str:
    """Return the language that ``environment`` asks for: ``en`` only where the first variable set says so, else ``zh``."""
    for variable in _VARIABLES:
        value = environment.get(variable, "")
        if value:
            return "en" if value.lower().startswith("en") else "zh"
    return "zh"


def language() -> str:
    """Return the language in use, ``zh`` or ``en``."""
    return _spoken


def names_one(environment: Mapping[str, str]) -> bool:
    """Tell whether ``environment`` names a language at all (C and POSIX name none)."""
    value = next((environment[name] for name in _VARIABLES if environment.get(name)), "")
    return value.lower().startswith(LANGUAGES)


def speak(chosen: str, *, asked: bool = True) -> None:
    """Use ``chosen`` from now on, for our own words and for click's, here and in child processes.

    ``asked`` is False where nobody asked for it: a configured language may then take its place (``prefer``).
    """
    global _spoken, _asked  # one language per process, set by the command line alone
    if chosen not in LANGUAGES:
        raise ValueError(chosen)
    _spoken, _asked = chosen, asked
    os.environ["GATEWAY_LANG"] = chosen
    os.environ["LANGUAGE"] = _CLICK_CATALOGUE[chosen]
    gettext.bindtextdomain("click", str(LOCALE))
    gettext.textdomain("click")


def prefer(configured: str) -> None:
    """Use the configured language, unless the user asked for one."""
    if not _asked:
        speak(configured, asked=False)


@cache
def _english() -> gettext.NullTranslations:
    return gettext.translation("gateway", str(LOCALE), ["en"], fallback=True)


def _(message: str) -> str:
    """Return the Chinese ``message`` in the language in use; a message without a translation stays Chinese."""
    return message if _spoken == "zh" else _english().gettext(message)
