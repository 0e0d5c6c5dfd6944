"""A criterion: a tree of all / any / none over leaves."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Any, ClassVar, Literal, cast, get_args

from pydantic import BeforeValidator, Discriminator, Field, Tag, TypeAdapter, ValidationError, model_validator

from journeys.base.catalogue import Catalogue
from journeys.base.errors import suggestion
from journeys.base.i18n import N_, _
from journeys.base.validation import InvalidData, SettingsError, problems_of
from journeys.criteria.leaf import Leaf, Recall
from journeys.criteria.leaves.anniversary import AnniversaryLeaf
from journeys.criteria.leaves.answers import LoyaltyLeaf, NpsLeaf
from journeys.criteria.leaves.attribute import AttributeLeaf
from journeys.criteria.leaves.consent import ConsentLeaf, PreferredChannelLeaf, ReachableLeaf
from journeys.criteria.leaves.contract import ContractLeaf
from journeys.criteria.leaves.event import EventLeaf
from journeys.criteria.leaves.purchase import PurchaseLeaf
from journeys.criteria.leaves.segment import JourneyLeaf, SegmentLeaf
from journeys.criteria.leaves.share import ShareLeaf
from journeys.criteria.leaves.stage import StageLeaf
from journeys.criteria.leaves.tag import TagLeaf
from journeys.criteria.names import Keys
from journeys.criteria.part import Part
from journeys.criteria.scope import AnyScope, scope_named

#: leaves of one criterion: SQLite nests expressions 1,000 deep, and nobody reads more
MOST_LEAVES = 200
#: values that its leaves compare with: SQLite takes 32,766 parameters, and a step asks the criterion twice
MOST_LISTED = 10_000
#: groups within groups
MOST_DEPTH = 20

_LEAVES: tuple[type[Leaf], ...] = (
    AttributeLeaf,
    TagLeaf,
    ConsentLeaf,
    PreferredChannelLeaf,
    ReachableLeaf,
    EventLeaf,
    PurchaseLeaf,
    ContractLeaf,
    SegmentLeaf,
    JourneyLeaf,
    NpsLeaf,
    LoyaltyLeaf,
    StageLeaf,
    AnniversaryLeaf,
    ShareLeaf,
)
#: word in JSON → class
LEAVES: Mapping[str, type[Leaf]] = {get_args(cls.model_fields["leaf"].annotation)[0]: cls for cls in _LEAVES}
_GROUPS = ("all", "any", "none")


def _tag(value: Any) -> str | None:
    """Which member of the union this is; tags of groups are no field names, so that paths can leave them out."""
    if isinstance(value, Mapping):
        leaf = value.get("leaf")
        if isinstance(leaf, str):
            return leaf
        return next((f"group {name}" for name in _GROUPS if name in value), None)
    if isinstance(value, Leaf):
        return next(name for name, cls in LEAVES.items() if type(value) is cls)
    return f"group {value.group}" if isinstance(value, Group) else None


def _known(value: Any) -> Any:
    """Refuses what is neither a group nor a leaf, with its own sentence."""
    if isinstance(value, Leaf | Group):
        return value
    if not isinstance(value, Mapping):
        raise SettingsError(_("A criterion is an object: a group (“all”, “any”, “none”) or a leaf."))
    leaf = value.get("leaf")
    if "leaf" in value and (not isinstance(leaf, str) or leaf not in LEAVES):
        known = _(", ").join(_("“{text}”").format(text=name) for name in LEAVES)
        raise SettingsError(
            _("There is no kind of leaf “{leaf}”. The kinds are: {known}.").format(leaf=str(leaf)[:60], known=known)
            + suggestion(str(leaf), LEAVES)
        )
    if "leaf" not in value and not any(name in value for name in _GROUPS):
        raise SettingsError(_("A criterion is a group (“all”, “any”, “none”) or names its kind of “leaf”."))
    return value


class Group(Part):
    """Criteria held together by all, any or none."""

    group: ClassVar[Literal["all", "any", "none"]]

    @property
    def parts(self) -> tuple[Any, ...]:
        raise NotImplementedError

    def with_parts(self, parts: tuple[Any, ...]) -> Group:
        """The same group over other parts."""
        return self.model_copy(update={self.group: parts})

    @model_validator(mode="after")
    def _within_reach(self) -> Group:
        if _depth(self) > MOST_DEPTH:
            raise SettingsError(_("Groups are nested more than {most} deep.").format(most=MOST_DEPTH))
        if sum(1 for _leaf in leaves(self)) > MOST_LEAVES:
            raise SettingsError(_("A criterion takes at most {most} leaves.").format(most=MOST_LEAVES))
        if sum(leaf.listed() for leaf in leaves(self)) > MOST_LISTED:
            raise SettingsError(_("A criterion lists at most {most} values.").format(most=MOST_LISTED))
        return self


class All(Group):
    """Every part holds; of an empty group too, which is everybody."""

    group = "all"
    all: tuple[Criterion, ...]

    @property
    def parts(self) -> tuple[Any, ...]:
        return self.all


class Any_(Group):  # noqa: N801 - `Any` is taken
    """At least one part holds."""

    group = "any"
    any: Annotated[tuple[Criterion, ...], Field(min_length=1)]

    @property
    def parts(self) -> tuple[Any, ...]:
        return self.any


class None_(Group):  # noqa: N801 - `None` is taken
    """No part holds."""

    group = "none"
    none: Annotated[tuple[Criterion, ...], Field(min_length=1)]

    @property
    def parts(self) -> tuple[Any, ...]:
        return self.none


# after the groups, so that no name in it is a forward reference: a model elsewhere that has a criterion could not find it
Criterion = Annotated[
    Annotated[All, Tag("group all")]
    | Annotated[Any_, Tag("group any")]
    | Annotated[None_, Tag("group none")]
    | Annotated[AttributeLeaf, Tag("attribute")]
    | Annotated[TagLeaf, Tag("tag")]
    | Annotated[ConsentLeaf, Tag("consent")]
    | Annotated[PreferredChannelLeaf, Tag("preferred channel")]
    | Annotated[ReachableLeaf, Tag("reachable")]
    | Annotated[EventLeaf, Tag("event")]
    | Annotated[PurchaseLeaf, Tag("purchase")]
    | Annotated[ContractLeaf, Tag("contract")]
    | Annotated[SegmentLeaf, Tag("segment")]
    | Annotated[JourneyLeaf, Tag("journey")]
    | Annotated[NpsLeaf, Tag("nps")]
    | Annotated[LoyaltyLeaf, Tag("loyalty")]
    | Annotated[StageLeaf, Tag("stage")]
    | Annotated[AnniversaryLeaf, Tag("anniversary")]
    | Annotated[ShareLeaf, Tag("random share")],
    Discriminator(_tag),
    BeforeValidator(_known),
]

for _group in (All, Any_, None_):
    _group.model_rebuild()

#: for what reads any criterion
AnyCriterion = Group | Leaf

_ADAPTER: TypeAdapter[Criterion] = TypeAdapter(Criterion)


class InvalidCriterion(InvalidData):
    """Data that is no criterion."""

    text = N_("{where} cannot be used as a criterion. {problems}")


def parse_criterion(data: Any, *, where: str = "") -> Criterion:
    """The criterion of JSON data (objects and lists, not text).

    Raises InvalidCriterion with one sentence a problem and its path; `where` begins the message.
    """
    try:
        return _ADAPTER.validate_python(data)
    except ValidationError as error:
        raise InvalidCriterion(where=where or _("This"), problems=problems_of(error, data)) from None


def dump_criterion(criterion: AnyCriterion) -> dict[str, Any]:
    """The criterion as JSON data; what has its default is left out."""
    return criterion.model_dump(mode="json")


def leaves(criterion: AnyCriterion) -> Iterator[Leaf]:
    """Every leaf, in the order in which it is written."""
    if isinstance(criterion, Leaf):
        yield criterion
        return
    for part in criterion.parts:
        yield from leaves(part)


def map_leaves(criterion: AnyCriterion, change: Callable[[Leaf], Leaf]) -> Criterion:
    """The same tree over changed leaves."""
    if isinstance(criterion, Leaf):
        return cast("Criterion", change(criterion))
    return cast("Criterion", criterion.with_parts(tuple(map_leaves(part, change) for part in criterion.parts)))


def _depth(criterion: AnyCriterion) -> int:
    return 0 if isinstance(criterion, Leaf) else 1 + max(map(_depth, criterion.parts), default=0)


# --- what a criterion depends on -------------------------------------------------------------------------------------


def stirs(criterion: AnyCriterion) -> frozenset[str]:
    """Kinds of events after which its truth may differ."""
    return frozenset({"contact.created"}).union(*(leaf.stirs() for leaf in leaves(criterion)))


def drifts(criterion: AnyCriterion) -> bool:
    """Whether its truth may change with time alone."""
    return any(leaf.drifts() for leaf in leaves(criterion))


def recalls(criterion: AnyCriterion) -> Iterator[Recall]:
    """What it looks at in the past outside of a passage, once each: tidying leaves that where it is."""
    yield from dict.fromkeys(one for leaf in leaves(criterion) for one in leaf.recalls())


def references(criterion: AnyCriterion) -> Iterator[tuple[str, str]]:
    """(kind of thing, key) for every key of the outside, once each.

    Kinds: attribute, tag, purpose, segment, journey, survey, programme, funnel, stage ("FUNNEL/STAGE"), product, offer.
    """
    yield from dict.fromkeys(one for leaf in leaves(criterion) for one in leaf.references())


def nodes_mentioned(criterion: AnyCriterion) -> Iterator[str]:
    """Ids of nodes of the criterion's own journey, once each."""
    yield from dict.fromkeys(node for leaf in leaves(criterion) for node in leaf.nodes())


def needs_passage(criterion: AnyCriterion) -> bool:
    """Whether it speaks of a passage, and can stand only inside a journey."""
    return any(leaf.needs_passage() for leaf in leaves(criterion))


def shortest_window(criterion: AnyCriterion) -> int | None:
    """Seconds of the shortest “last N …” in it; None without one.

    Under a day it may stand only where a due time is computed: elsewhere it is asked once a day.
    """
    return min((window for leaf in leaves(criterion) if (window := leaf.window()) is not None), default=None)


def with_default_scope(criterion: AnyCriterion, scope: AnyScope | Literal["ever", "since entry"]) -> Criterion:
    """The same criterion in which leaves without a scope of their own look at this one."""
    found = scope_named(scope) if isinstance(scope, str) else scope
    return map_leaves(criterion, lambda leaf: leaf.with_default_scope(found))


def typed(criterion: AnyCriterion, catalogue: Catalogue) -> Criterion:
    """The same criterion with the types that the catalogue gives to attributes.

    Raises InvalidCriterion where a comparison does not go with the type; `never_true` tells that before.
    """

    def change(leaf: Leaf) -> Leaf:
        try:
            return leaf.typed(catalogue)
        except ValidationError as error:
            where = _("“{words}”").format(words=leaf.words(Keys()))
            raise InvalidCriterion(where=where, problems=problems_of(error)) from None

    return map_leaves(criterion, change)
