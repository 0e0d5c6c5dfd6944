"""The time a leaf looks at: ever, the last days, or a part of the passage it is asked for."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any, Literal, assert_never
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, model_validator
from sqlalchemy import BigInteger, ColumnElement, FromClause, Select, and_, func, or_, select

from journeys.base.i18n import _, ngettext
from journeys.base.time import DAY, HOUR, MINUTE, Instant
from journeys.base.validation import SettingsError
from journeys.criteria.comparison import FAR
from journeys.criteria.frame import Columns, Frame, NeedsPassage, Passage, any_row, one, scalar
from journeys.criteria.names import Names
from journeys.criteria.part import Part, stored_text
from journeys.store import tables as t

#: id of a node in the journey file
NodeId = Annotated[str, Field(min_length=1, max_length=100), AfterValidator(stored_text)]


class Ever(Part):
    """All there is up to now."""

    type: Literal["ever"] = "ever"


class Last(Part):
    """The last N minutes or hours, exactly; or the last N days or weeks by the workspace's calendar.

    By the calendar: what lies at most N days ago counts, from the first moment of that day, so that the answer differs
    from day to day and not from second to second.
    """

    type: Literal["last"] = "last"
    amount: int = Field(ge=1, strict=True)
    unit: Literal["minutes", "hours", "days", "weeks"] = "days"

    @property
    def seconds(self) -> int:
        return self.amount * _SECONDS[self.unit]

    @property
    def days(self) -> int | None:
        """The number of calendar days; None for minutes and hours, which are exact."""
        return self.seconds // DAY if self.unit in ("days", "weeks") else None

    @model_validator(mode="after")
    def _within_reach(self) -> Last:
        if self.seconds > FAR * DAY:
            raise SettingsError(_("The time is longer than a hundred years."), "amount")
        return self


class SinceEntry(Part):
    """After the event that let the contact in; without one, after the moment that the match was computed for."""

    type: Literal["since entry"] = "since entry"


class SinceLeaving(Part):
    """After the newest time that the passage left a node; nothing counts as long as it has not."""

    type: Literal["since leaving"] = "since leaving"
    node: NodeId


class AboutMessage(Part):
    """Answers to a message that this passage was sent at a node."""

    type: Literal["about message"] = "about message"
    node: NodeId


class OfSubject(Part):
    """What the passage is about: the very event, purchase or contract, and events that name it; of a product all that
    happened with it."""

    type: Literal["subject"] = "subject"


Scope = Annotated[Ever | Last | SinceEntry | SinceLeaving | AboutMessage | OfSubject, Field(discriminator="type")]
AnyScope = Ever | Last | SinceEntry | SinceLeaving | AboutMessage | OfSubject

_SECONDS = {"minutes": MINUTE, "hours": HOUR, "days": DAY, "weeks": 7 * DAY}


def scope_named(name: Literal["ever", "since entry"]) -> AnyScope:
    """The default of a place by its name."""
    match name:
        case "ever":
            return Ever()
        case "since entry":
            return SinceEntry()
        case _ as never:
            assert_never(never)


def scope_needs_passage(scope: AnyScope | None) -> bool:
    return isinstance(scope, SinceEntry | SinceLeaving | AboutMessage | OfSubject)


def scope_node(scope: AnyScope | None) -> str | None:
    """The node it speaks of."""
    return scope.node if isinstance(scope, SinceLeaving | AboutMessage) else None


def event_scope(scope: AnyScope | None, events: FromClause, frame: Frame) -> list[ColumnElement[bool]]:
    """What the scope asks of a row of `event`, beside its contact; never later than now.

    Raises NeedsPassage outside a passage.
    """
    c = events.c
    asked = _so_far(c.at, frame)
    if frame.heard is not None:
        asked.append(frame.heard(c.id))
    match scope:
        case None | Ever():
            pass
        case Last():
            asked.append(_since_moment(c.at, scope, frame))
        case SinceEntry():
            passage = _passage(scope, frame)
            asked += _since_entry(c.at, c.id > passage.since_event, passage)
        case SinceLeaving():
            asked.append(c.at > _left_at(_passage(scope, frame), scope.node))
        case AboutMessage():
            passage = _passage(scope, frame)
            sent = t.message.alias()
            asked.append(
                c.message.in_(
                    select(sent.c.id)
                    .where(sent.c.enrollment == passage.id, sent.c.node == scope.node)
                    .correlate_except(sent)
                )
            )
        case OfSubject():
            passage = _passage(scope, frame)
            asked.append(
                or_(
                    and_(c.subject_kind == passage.subject_kind, c.subject_id == passage.subject_id),
                    and_(passage.subject_kind == "event", c.id == passage.subject_id),
                    and_(passage.subject_kind == "product", c.product == product_of(passage)),
                )
            )
        case _ as never:
            assert_never(never)
    return asked


def purchase_scope(scope: AnyScope | None, purchases: FromClause, frame: Frame) -> list[ColumnElement[bool]]:
    """The same of a row of `purchase`; no message is answered by a purchase."""
    c = purchases.c
    asked = _so_far(c.at, frame)
    if frame.heard is not None:
        told = t.event.alias()
        asked.append(~any_row(_made(told, c).where(~frame.heard(told.c.id)), told))
    match scope:
        case None | Ever():
            pass
        case Last():
            asked.append(_since_moment(c.at, scope, frame))
        case SinceEntry():
            passage = _passage(scope, frame)
            made = t.event.alias()
            later = any_row(_made(made, c).where(made.c.id > passage.since_event), made)
            asked += _since_entry(c.at, later, passage)
        case SinceLeaving():
            asked.append(c.at > _left_at(_passage(scope, frame), scope.node))
        case OfSubject():
            passage = _passage(scope, frame)
            lines = t.purchase_line.alias()
            of_product = any_row(
                select(one).where(lines.c.purchase == c.id, lines.c.product == product_of(passage)), lines
            )
            asked.append(
                or_(
                    and_(passage.subject_kind == "purchase", c.id == passage.subject_id),
                    and_(passage.subject_kind == "product", of_product),
                )
            )
        case AboutMessage():
            raise ValueError("a purchase answers no message; the model refuses this")
        case _ as never:
            assert_never(never)
    return asked


def _so_far(at: ColumnElement[Any], frame: Frame) -> list[ColumnElement[bool]]:
    asked = [at <= frame.moments.now]
    return asked if frame.before is None else [*asked, at < frame.before]


def _made(events: FromClause, purchase: Columns) -> Select[Any]:
    """The event that a purchase left, which has its moment."""
    c = events.c
    return select(one).where(
        c.contact == purchase.contact,
        c.kind == "purchase.made",
        c.at == purchase.at,
        c.subject_kind == "purchase",
        c.subject_id == purchase.id,
    )


def product_of(passage: Passage) -> ColumnElement[Any]:
    """The key of the product that a passage is about, where it is about one."""
    happened = t.product_event.alias()
    return scalar(select(happened.c.product).where(happened.c.id == passage.subject_id), happened)


def _passage(scope: AnyScope, frame: Frame) -> Passage:
    if frame.passage is None:
        raise NeedsPassage(words=say_scope(scope, None))
    return frame.passage


def _since_moment(at: ColumnElement[Any], last: Last, frame: Frame) -> ColumnElement[bool]:
    if last.days is not None:
        return at >= frame.start_of_day(-last.days)
    return at > frame.moments.bind(partial(_before, seconds=last.seconds), BigInteger())


def _before(now: Instant, _zone: ZoneInfo, *, seconds: int) -> int:
    return now - seconds


def _since_entry(at: ColumnElement[Any], later_id: ColumnElement[bool], passage: Passage) -> list[ColumnElement[bool]]:
    # the first of the two is implied by the second, and bounds the search in the index
    return [
        at >= passage.since_at,
        or_(at > passage.since_at, and_(passage.since_event.is_not(None), later_id)),
    ]


def _left_at(passage: Passage, node: str) -> ColumnElement[Any]:
    return scalar(
        select(func.max(t.hop.c.left_at)).where(t.hop.c.enrollment == passage.id, t.hop.c.node == node), t.hop
    )


def say_scope(scope: AnyScope | None, names: Names | None) -> str:
    """“in the last 14 days”; empty for ever."""
    match scope:
        case None | Ever():
            return ""
        case Last():
            n = scope.amount
            match scope.unit:
                case "minutes":
                    return ngettext("in the last {n} minute", "in the last {n} minutes", n).format(n=n)
                case "hours":
                    return ngettext("in the last {n} hour", "in the last {n} hours", n).format(n=n)
                case "days":
                    return ngettext("in the last {n} day", "in the last {n} days", n).format(n=n)
                case "weeks":
                    return ngettext("in the last {n} week", "in the last {n} weeks", n).format(n=n)
                case _ as never:
                    assert_never(never)
        case SinceEntry():
            return _("since entry")
        case SinceLeaving():
            return _("since leaving “{node}”").format(node=_node(scope.node, names))
        case AboutMessage():
            return _("about the message of “{node}”").format(node=_node(scope.node, names))
        case OfSubject():
            return _("of what the passage is about")
        case _ as never_scope:
            assert_never(never_scope)


def _node(node: str, names: Names | None) -> str:
    return names.label("node", node) if names is not None else node
