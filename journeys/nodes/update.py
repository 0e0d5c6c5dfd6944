"""Update: write to the contact, who goes on at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Annotated, ClassVar, Literal, assert_never

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator
from sqlalchemy import Connection, literal

from journeys.base.errors import KanwaError
from journeys.base.i18n import _
from journeys.base.time import Instant
from journeys.base.validation import SettingsError
from journeys.criteria.filters import as_stored
from journeys.criteria.leaves.consent import say_channel
from journeys.nodes.checks import unknown_references
from journeys.nodes.cohort import Cohort, Outcome
from journeys.nodes.durations import Duration, say_duration
from journeys.nodes.keys import Key, NotEmpty
from journeys.nodes.node import Around, Family, Names, Node, Outlet
from journeys.nodes.problem import Problem, Severity
from journeys.nodes.saying import listed
from journeys.store.consent import NewConsent, record_consent
from journeys.store.contacts import change, locked, set_stage, set_tags
from journeys.store.fields import COLUMNS, MOST_NUMBER, validate_value

DONE = "done"

#: who says so, in events and in the log of consent
SOURCE = "journey"

#: columns that belong to one person; the same for everybody who passes makes no sense
_PERSONAL = frozenset({"email", "phone", "external_id", "first_name", "last_name"})

Value = Annotated[
    bool | int | Annotated[float, Field(allow_inf_nan=False)] | str | tuple[str, ...], AfterValidator(as_stored)
]
Channel = Literal["email", "sms", "push", "phone", "post"]


class _Change(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _not_personal(key: str) -> str:
    if key in _PERSONAL:
        raise SettingsError(_("“{field}” is one person's own; a step cannot write it.").format(field=key))
    return key


class SetAttribute(_Change):
    """Give an attribute a value."""

    do: Literal["set attribute"] = "set attribute"
    attribute: Key = Field(title=_("Attribute"))
    value: Value = Field(title=_("Value"))

    _personal = field_validator("attribute")(_not_personal)


class AddToAttribute(_Change):
    """Add to a number, such as points; one that has none counts as 0."""

    do: Literal["add to attribute"] = "add to attribute"
    attribute: Key = Field(title=_("Attribute"))
    amount: int | float = Field(title=_("Amount"), ge=-1e9, le=1e9, allow_inf_nan=False)

    @field_validator("attribute")
    @classmethod
    def _no_column(cls, key: str) -> str:
        if key in COLUMNS:
            raise SettingsError(_("“{field}” is no number.").format(field=key))
        return key


class ClearAttribute(_Change):
    """Take an attribute's value away."""

    do: Literal["clear attribute"] = "clear attribute"
    attribute: Key = Field(title=_("Attribute"))

    _personal = field_validator("attribute")(_not_personal)


class AddTag(_Change):
    """Give a tag, for good or for a while."""

    do: Literal["add tag"] = "add tag"
    tag: Key = Field(title=_("Tag"))
    expires_after: Duration | None = Field(None, title=_("For"), description=_("Empty: for good."))


class RemoveTag(_Change):
    """Take a tag away."""

    do: Literal["remove tag"] = "remove tag"
    tag: Key = Field(title=_("Tag"))


class ChangeConsent(_Change):
    """Record that the contact agreed to a purpose, or does no longer."""

    do: Literal["give consent", "withdraw consent"] = "give consent"
    channel: Channel = Field("email", title=_("Channel"))
    purpose: Key = Field(title=_("Purpose"))


class SetStage(_Change):
    """Move the contact to a stage of a funnel."""

    do: Literal["set stage"] = "set stage"
    funnel: Key = Field(title=_("Funnel"))
    stage: Key = Field(title=_("Stage"))


Change = Annotated[
    SetAttribute | AddToAttribute | ClearAttribute | AddTag | RemoveTag | ChangeConsent | SetStage,
    Field(discriminator="do"),
]


class Update(Node):
    """Write to contacts as they pass, in the order of the list.

    Two passages of one contact in the same round both count: points are added twice.
    """

    kind: ClassVar[str] = "update"
    family: ClassVar[Family] = Family.CHANGES
    label: ClassVar[str] = _("Contact")
    icon: ClassVar[str] = "pencil-simple"
    changes: ClassVar[bool] = True

    # “changes” in the file; the protocol's own `changes` says that this kind writes to contacts
    model_config = ConfigDict(validate_by_name=True, serialize_by_alias=True)

    acts: Annotated[tuple[Change, ...], NotEmpty] = Field(alias="changes", title=_("Changes"), max_length=50)

    def outlets(self) -> tuple[Outlet, ...]:
        return (Outlet(DONE, _("done"), must_be_connected=False),)

    def words(self, names: Names) -> str:
        return listed([_say(act, names) for act in self.acts])

    def references(self) -> Iterator[tuple[str, str]]:
        for act in self.acts:
            match act:
                case SetAttribute() | AddToAttribute() | ClearAttribute():
                    yield "attribute", act.attribute
                case AddTag() | RemoveTag():
                    yield "tag", act.tag
                case ChangeConsent():
                    yield "purpose", act.purpose
                case SetStage():
                    yield "funnel", act.funnel
                    yield "stage", f"{act.funnel}/{act.stage}"
                case never:
                    assert_never(never)

    def problems(self, around: Around) -> Iterator[Problem]:
        yield from unknown_references(self, around)
        for n, act in enumerate(self.acts):
            wrong = _wrong_value(act, around)
            if wrong:
                yield Problem("wrong-value", Severity.BLOCKS, (around.node,), wrong, field=f"changes[{n}]")

    def gives_consent(self, channel: str, purpose: str) -> bool:
        """Whether everybody who passes has this consent afterwards."""
        last = [
            act
            for act in self.acts
            if isinstance(act, ChangeConsent) and act.channel == channel and act.purpose == purpose
        ]
        return bool(last) and last[-1].do == "give consent"

    def outcome(self, cohort: Cohort) -> Outcome:
        return Outcome(outlet=literal(DONE))

    def change(self, conn: Connection, contacts: Sequence[int], *, now: Instant) -> None:
        once = sorted(set(contacts))
        for act in self.acts:
            match act:
                case SetAttribute():
                    value = list(act.value) if isinstance(act.value, tuple) else act.value
                    change(conn, [(id_, {act.attribute: value}) for id_ in once], now=now, source=SOURCE)
                case AddToAttribute():
                    _add(conn, act, Counter(contacts), now=now)
                case ClearAttribute():
                    change(conn, [(id_, {act.attribute: None}) for id_ in once], now=now, source=SOURCE)
                case AddTag():
                    until = act.expires_after.after(now) if act.expires_after else None
                    tagged = [(id_, act.tag) for id_ in once]
                    set_tags(conn, add=tagged, now=now, source=SOURCE, expires_at=until)
                case RemoveTag():
                    set_tags(conn, remove=[(id_, act.tag) for id_ in once], now=now, source=SOURCE)
                case ChangeConsent():
                    given = act.do == "give consent"
                    reason = "" if given else SOURCE
                    record_consent(
                        conn,
                        [NewConsent(id_, act.channel, act.purpose, given, now, SOURCE, reason) for id_ in once],
                        now=now,
                    )
                case SetStage():
                    set_stage(conn, [(id_, act.funnel, act.stage) for id_ in once], now=now, source=SOURCE)
                case never:
                    assert_never(never)


def _add(conn: Connection, act: AddToAttribute, times: Counter[int], *, now: Instant) -> None:
    """Add once for each passage; one change and one event a contact, so that a crossed limit is crossed once."""
    held = locked(conn, times)
    change(
        conn,
        [
            (id_, {act.attribute: _sum(row["attributes"].get(act.attribute, 0), act.amount * times[id_])})
            for id_, row in held.items()
        ],
        now=now,
        source=SOURCE,
    )


def _sum(held: float, added: float) -> int | float:
    total = max(-MOST_NUMBER, min(MOST_NUMBER, held + added))
    return int(total) if total == int(total) else total


def _wrong_value(act: Change, around: Around) -> str | None:
    """What the attribute's type has against the change; nothing without a catalogue."""
    if not isinstance(act, SetAttribute | AddToAttribute) or around.catalogue is None:
        return None
    entry = around.catalogue.attributes.get(act.attribute)
    if entry is None:
        return None
    if isinstance(act, AddToAttribute):
        if entry.type == "number":
            return None
        return _("“{field}” is no number; nothing can be added to it.").format(field=act.attribute)
    try:
        value = list(act.value) if isinstance(act.value, tuple) else act.value
        validate_value(entry, value, field=act.attribute)
    except KanwaError as error:
        return str(error)
    return None


def _say(act: Change, names: Names) -> str:
    match act:
        case SetAttribute():
            return _("sets “{attribute}” to {value}").format(
                attribute=names.label("attribute", act.attribute), value=_say_value(act.value)
            )
        case AddToAttribute():
            text = _("adds {amount} to “{attribute}”") if act.amount >= 0 else _("takes {amount} off “{attribute}”")
            return text.format(attribute=names.label("attribute", act.attribute), amount=f"{abs(act.amount):,}")
        case ClearAttribute():
            return _("clears “{attribute}”").format(attribute=names.label("attribute", act.attribute))
        case AddTag(expires_after=None):
            return _("adds the tag “{tag}”").format(tag=names.label("tag", act.tag))
        case AddTag(expires_after=Duration() as length):
            return _("adds the tag “{tag}” for {duration}").format(
                tag=names.label("tag", act.tag), duration=say_duration(length)
            )
        case RemoveTag():
            return _("takes the tag “{tag}” away").format(tag=names.label("tag", act.tag))
        case ChangeConsent():
            text = (
                _("records consent to {channel} for “{purpose}”")
                if act.do == "give consent"
                else _("withdraws consent to {channel} for “{purpose}”")
            )
            return text.format(channel=say_channel(act.channel), purpose=names.label("purpose", act.purpose))
        case SetStage():
            return _("moves to the stage “{stage}” of “{funnel}”").format(
                stage=names.label("stage", f"{act.funnel}/{act.stage}"), funnel=names.label("funnel", act.funnel)
            )
        case _ as other:
            raise AssertionError(other)


def _say_value(value: Value) -> str:
    match value:
        case True:
            return _("yes")
        case False:
            return _("no")
        case tuple():
            return listed([_("“{text}”").format(text=item) for item in value]) if value else _("nothing")
        case str():
            return _("“{text}”").format(text=value)
        case _:
            return f"{value:,}"
