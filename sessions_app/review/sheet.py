"""One look at a conflict: everything that its page shows."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from sessions_app.documents import Document
from sessions_app.merge import Merge, diff, is_same
from sessions_app.models import Conflict, Session, SessionVersion
from sessions_app.operations.disputes import Dispute, dispute_of
from sessions_app.operations.history import newest_value, value_at
from sessions_app.policies import identity_keys
from sessions_app.review.entries import Entries, put_on
from sessions_app.review.rows import Fold, Group, Row, change_rows, folds_of, grouped, rows_of
from sessions_app.review.words import Gazetteer

MOST_SHOWN = 1000
MOST_TOLD = 10


@dataclass(frozen=True)
class Moved:
    """What happened since the page was made: who saved, what that changed, and what became of the choices."""

    versions: list[SessionVersion]
    changed: list[str]
    more: int
    kept: int
    looked_over: int
    dropped: list[str]


@dataclass
class Changes:
    """What would be, or was, changed in the session."""

    groups: list[Group]
    count: int
    undecided: int = 0

    @property
    def more(self) -> int:
        return self.count - sum(len(group.rows) for group in self.groups)


@dataclass
class Sheet:
    """An open conflict as it stands now, with the choices made so far. `status` is the HTTP status to answer with."""

    conflict: Conflict
    session: Session
    dispute: Dispute
    rows: list[Row]
    entries: Entries
    moved: Moved | None = None
    problem: str = ""
    preview: Changes | None = None
    status: int = 200
    keys: Sequence[str] = field(default_factory=identity_keys)

    @cached_property
    def decisions(self) -> list[Row]:
        return [row for row in self.rows if row.is_decision]

    @property
    def decide(self) -> list[Group]:
        return grouped(self.decisions[:MOST_SHOWN])

    @property
    def hidden_decisions(self) -> int:
        return max(0, len(self.decisions) - MOST_SHOWN)

    @cached_property
    def from_theirs(self) -> "OneSided":
        return OneSided([row for row in self.rows if row.difference.side == "theirs" and not row.is_decision])

    @cached_property
    def from_yours(self) -> "OneSided":
        return OneSided([row for row in self.rows if row.difference.side == "yours" and not row.is_decision])

    @cached_property
    def agreed(self) -> "OneSided":
        return OneSided([row for row in self.rows if row.difference.side == "same"])

    @cached_property
    def folds(self) -> list[Fold]:
        return folds_of(self.dispute.theirs, [row.place.path for row in self.rows], self.keys)

    @property
    def problem_rows(self) -> list[Row]:
        return [row for row in self.rows if row.problem]

    def show_preview(self, merged: Merge) -> None:
        """What the session would be changed by if this were saved now.

        Raises:
            InvalidInput, DocumentTooLarge: it could not be saved.
        """
        document = Document.of(merged.value, session_id=self.session.session_id)
        self.preview = changes_between(self.dispute.theirs, document.value)
        self.preview.undecided = len(merged.undecided)


@dataclass(frozen=True)
class OneSided:
    """What only one side changed."""

    rows: list[Row]

    @property
    def groups(self) -> list[Group]:
        return grouped(self.rows[:MOST_SHOWN])

    @property
    def more(self) -> int:
        return max(0, len(self.rows) - MOST_SHOWN)


def read_sheet(conflict: Conflict, entries: Entries | None = None) -> Sheet:
    """The conflict against what its session holds now. What was chosen about an older version is put on what still differs."""
    session = conflict.session
    dispute = dispute_of(conflict, session)
    gazetteer = Gazetteer((dispute.theirs, dispute.yours, dispute.base), identity_keys())
    rows = rows_of(dispute.merge.differences, gazetteer)
    sheet = Sheet(conflict, session, dispute, rows, entries or Entries())
    if entries is not None:
        put_on(rows, entries)
        if entries.version != session.version:
            sheet.moved = _rebase(sheet, entries)
            sheet.status = 412
    return sheet


def changes_between(before: dict[str, Any], after: dict[str, Any]) -> Changes:
    found = diff(before, after, keys=identity_keys())
    gazetteer = Gazetteer((after, before), identity_keys())
    return Changes(grouped(change_rows(found[:MOST_SHOWN], gazetteer)), len(found))


@dataclass(frozen=True)
class Outcome:
    """A settled conflict: what settling it changed, and what its refused save had changed."""

    result: Changes | None
    refused: Changes


def read_outcome(conflict: Conflict) -> Outcome:
    dispute = dispute_of(conflict, conflict.session)
    result = None
    if conflict.result_version is not None:
        before, after = (value_at(conflict.session, conflict.result_version - step) for step in (1, 0))
        result = changes_between(before, after)
    return Outcome(result, changes_between(dispute.base, dispute.yours))


def _rebase(sheet: Sheet, entries: Entries) -> Moved:
    """Marks the rows whose other side has changed since; choices for what differs no longer are told, not kept."""
    session = sheet.session
    version = entries.version if entries.version is not None and 1 <= entries.version <= session.version else session.version
    before = value_at(session, version)
    old = rows_of(
        Dispute(sheet.dispute.base, before, sheet.dispute.yours).merge.differences,
        Gazetteer((before, sheet.dispute.yours, sheet.dispute.base), identity_keys()),
    )
    known = {row.key: row for row in old}
    for row in sheet.rows:
        earlier = known.get(row.key)
        row.has_moved = earlier is None or not is_same(earlier.difference.theirs, row.difference.theirs)
    still = {row.key for row in sheet.rows if row.difference.side != "same"}
    dropped = [known[key].place.words for key in entries.picks if key in known and key not in still]
    chosen = [row for row in sheet.rows if row.choice]
    places = diff(before, newest_value(session), keys=identity_keys())
    words = Gazetteer((newest_value(session), before), identity_keys())
    versions = SessionVersion.objects.filter(session=session, version__gt=version).select_related("saved_by").defer("packed")
    return Moved(
        versions=list(versions[:MOST_TOLD]),
        changed=[words.place(change.path).words for change in places[:MOST_TOLD]],
        more=max(0, len(places) - MOST_TOLD),
        kept=sum(not row.has_moved for row in chosen),
        looked_over=sum(row.has_moved for row in chosen),
        dropped=dropped,
    )
