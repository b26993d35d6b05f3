# SPDX-License-Identifier: Apache-2.0
"""Keep the English catalogue: collect every Chinese sentence of the program, keep what is translated.

Sentences are the arguments of ``_`` and the help texts of the command tree. ``--check`` writes nothing and fails where
a sentence has no English, where English stands for a sentence that is gone, or where the {fields} of the two differ.
"""

import argparse
import io
import re
import string
import sys
from collections.abc import Iterator
from pathlib import Path

import click
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po
from build_hook import compile_catalogues

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "gateway"
ENGLISH = ROOT / "gateway" / "locale" / "en" / "LC_MESSAGES" / "gateway.po"
CHINESE = re.compile(r"[\u4e00-\u9fff]")
HEADER = "# SPDX-License-Identifier: Apache-2.0\n# English of the command line; the source texts are Chinese."


def sentences() -> list[str]:
    """Return every sentence of the program, sorted."""
    found = set(_commands())
    rows = extract_from_dir(PACKAGE, [("**.py", "python")], keywords={"_": None})
    found.update(message for _, _, message, _, _ in rows if isinstance(message, str))
    return sorted(found)


def _commands() -> Iterator[str]:
    """Walk the command tree."""
    from gateway import i18n
    from gateway.cli import COMMANDS, ELSEWHERE, shell

    i18n.speak("zh")
    yield from COMMANDS.values()
    context = click.Context(shell)
    yield from _texts(shell)
    for name in COMMANDS.keys() - ELSEWHERE:
        command = shell.get_command(context, name)
        if command is not None:
            yield from _texts(command)


def _texts(command: click.Command) -> Iterator[str]:
    from gateway.cli import TEXTS

    for holder in (command, *command.params):
        for field in TEXTS:
            text = getattr(holder, field, None)
            if text and CHINESE.search(text):
                yield text.strip()
    if isinstance(command, click.Group):
        for child in command.commands.values():
            yield from _texts(child)


def merged(messages: list[str], translated: dict[str, str]) -> bytes:
    """Return the text of the catalogue: every message, with the English it has."""
    catalogue = Catalog(
        locale="en",
        domain="gateway",
        header_comment=HEADER,
        project="gateway",
        version="1",
        fuzzy=False,
        msgid_bugs_address="none",
        last_translator="gateway",
        language_team="gateway",
    )
    for message in messages:
        catalogue.add(message, translated.get(message, ""))
    stream = io.BytesIO()
    write_po(stream, catalogue, sort_output=True, width=0)
    lines = stream.getvalue().decode().splitlines(keepends=True)
    return "".join(
        line for line in lines if "POT-Creation-Date" not in line and "PO-Revision-Date" not in line
    ).encode()


def known() -> dict[str, str]:
    """Return the catalogue as it stands."""
    if not ENGLISH.exists():
        return {}
    with ENGLISH.open("rb") as stream:
        catalogue = read_po(stream)
    return {str(message.id): str(message.string) for message in catalogue if message.id}


def faults(messages: list[str], translated: dict[str, str]) -> Iterator[str]:
    """Name what is wrong with the catalogue."""
    for message in messages:
        english = translated.get(message, "")
        if not english:
            yield f"no English: {message}"
        elif _fields(english) != _fields(message):
            yield f"fields differ: {message}"
    for message in translated.keys() - set(messages):
        yield f"no longer said: {message}"


def _fields(text: str) -> set[str]:
    try:
        return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}
    except ValueError:  # braces that are no fields
        return set()


def main() -> int:
    """Write or check the catalogue; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    checking: bool = parser.parse_args().check
    messages, translated = sentences(), known()
    wrong = list(faults(messages, translated))
    if not checking:
        ENGLISH.parent.mkdir(parents=True, exist_ok=True)
        ENGLISH.write_bytes(merged(messages, translated))
        compile_catalogues(ROOT)
        wrong = [line for line in wrong if not line.startswith("no longer")]
    for line in wrong:
        print(line)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
