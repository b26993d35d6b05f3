# SPDX-License-Identifier: Apache-2.0
"""The page of seams: what a mutant file may override, read from the classes themselves."""

import inspect
from typing import Final

from gateway_reference.department.driving import Driver
from gateway_reference.department.dropped import DropDriver
from gateway_reference.department.dropping import Dropping
from gateway_reference.department.pushed import PushDriver
from gateway_reference.department.pushing import Pushing
from gateway_reference.department.sending import Sending
from gateway_reference.department.system import Department
from gateway_reference.department.viewing import ViewDriver, Viewed

HEAD: Final = """# Seams of the reference department · 参考部门系统的可改写处

`gateway reference department --profile S --mutant-file FILE.py` takes a file that defines **one** class. Its methods take the
place of the methods below; `super()` calls the right behaviour. A class that derives from
`gateway_reference.department.driving.Driver` changes what the hook does, every other class changes the department itself.
One defect is one class that overrides as few seams as it can.

```python
class Mine:                                   # since means "later than": the boundary is lost
    def since(self, row, since):
        return row.changed > since
```

A row (`life.Row`) has `type`, `key`, `version`, `operation`, `case`, `item`, `document` (the payload in canonical form), `changed`
(its change stamp) and `order`. Times are +08:00. A method `descriptor(told)` may change what is written into `sut.toml`,
`broken(error)` what a caller is told of a fault inside.

In profile P the department is a `pushing.Pushing`: the seams of `Department` (what is in the books, documents, package, Head, signature,
clock, counts) are all there, those of the service (paging, `perform`, `put_receipt`, `put_notice`) are not asked. A `Parcel` is a package on
its way: `id`, `document`, `rows`, `keys` (recordId → key), `due`, `attempts`, `unknown`. Its file may read as this:

```python
class Mine:                                   # after BUSY it waits ten seconds, whatever was asked for
    def busy(self, seconds):
        super().busy(10.0)
```

In profile F the department is a `dropping.Dropping`, which is a `Pushing` with a folder in the gateway's place: packages are composed and
receipts acted upon by the seams of `Pushing`; those of `Sending` and the waits of a connection (`busy`, `ask`, `resend`) are not asked.
Notices do not come by files. Its file may read as this:

```python
class Mine:                                   # the manifest is written before its file
    def put_file(self, parcel):
        number = self.next_number()
        name, data = self.file_name(number), self.file_bytes(parcel)
        self.dropped[parcel.id], self.file_names[name] = parcel, parcel.id
        self.place(name + ".ok", self.manifest(name, data, number))
        self.place(name, data)
        self.file_sequence = number
```

In profile V the department is a `viewing.Viewed`: a `Department` whose books are shown by tables and views of a database, brought up to
date after every act of the hook. What is in the books is that of `Department`; the seams of the service (paging, `since`, packages,
signatures) are not asked. Its file may read as this:

```python
class Mine:                                   # the time of change is that of the day: whoever asks by the second misses rows
    def shown_stamp(self, row):
        return super().shown_stamp(row).replace(hour=0, minute=0, second=0, microsecond=0)
```
"""


SHOWN: Final[tuple[tuple[str, type], ...]] = (
    ("Department · 系统本身", Department),
    ("Driver · hook 的动作", Driver),
    ("Pushing · 推送形态 P:发件箱、回执、通知", Pushing),
    ("Sending · 推送形态 P:与网关通信", Sending),
    ("PushDriver · 推送形态 P 的 hook 动作", PushDriver),
    ("Dropping · 文件形态 F:文件、清单、回执", Dropping),
    ("DropDriver · 文件形态 F 的 hook 动作", DropDriver),
    ("Viewed · 视图形态 V:表、视图、列", Viewed),
    ("ViewDriver · 视图形态 V 的 hook 动作", ViewDriver),
)


def page() -> str:
    """Return the page; docs/reference/conformance-seams.md must be equal to it."""
    parts = [HEAD]
    for title, kind in SHOWN:
        parts.append(f"\n## {title}\n\n| seam | what it does |\n|---|---|\n")
        for name, method in vars(kind).items():
            if inspect.isfunction(method) and not name.startswith("_"):
                said = " ".join((inspect.getdoc(method) or "").split("\n\n")[0].split())
                parameters = ", ".join(list(inspect.signature(method).parameters)[1:])
                parts.append(f"| `{name}({parameters})` | {said} |\n")
    return "".join(parts)


if __name__ == "__main__":
    print(page(), end="")  # noqa: T201 - it is what the module is run for
