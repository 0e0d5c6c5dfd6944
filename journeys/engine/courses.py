"""What happens with those inside when a journey is edited: for every node of the other versions, where its members go."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

from sqlalchemy import BigInteger, Connection, bindparam, func, select

from journeys.base.errors import suggestion
from journeys.base.i18n import _, ngettext
from journeys.engine.choices import Choices, ChoiceWithoutSense, Move
from journeys.engine.plan import Plan, Step
from journeys.nodes.node import Arrival
from journeys.nodes.trigger import Trigger
from journeys.store import tables as t


class Fate(StrEnum):
    """What becomes of those who stand on a node."""

    #: they go on at the same node of the other version, with the time they have waited
    ALONG = "along"
    #: they stay on their version to its end
    FINISH = "finish"
    #: they arrive at another node
    MOVE = "move"
    #: they leave the journey
    EXIT = "exit"


@dataclass(frozen=True, slots=True)
class Course:
    """One node of another version, and what becomes of its members."""

    #: row id and number of the version they stand in
    version: int
    number: int
    node: str
    title: str
    fate: Fate
    #: the node they then stand on, and its title; "" for FINISH and EXIT
    target: str
    target_title: str
    #: why it is a question at all: "removed" or "kind"; "" where the node is still there
    why: str
    #: whether the node was set otherwise
    changed: bool
    #: whether a changed node is a wait: the time already waited counts
    waits: bool
    #: whether what happens on arrival there has to be done (again); whether they are looked at now
    arrives: bool
    looks: bool
    #: "keep", "remake" or "cancel": the messages of the stay
    messages: str

    @property
    def reason(self) -> str:
        """The reason code of the hop."""
        match self.fate:
            case Fate.ALONG:
                return "edited"
            case Fate.MOVE:
                return "moved"
            case Fate.EXIT:
                return "sent away"
            case Fate.FINISH:
                return ""
            case never:
                assert_never(never)


@dataclass(frozen=True, slots=True)
class Standing:
    """How many stand on a node, and what becomes of them."""

    course: Course
    contacts: int
    #: messages that wait to go out in these stays
    messages: int


_journey = bindparam("journey", type_=BigInteger())
_target = bindparam("target", type_=BigInteger())
_inside = (
    t.enrollment.c.journey == _journey,
    t.enrollment.c.state == t.ACTIVE,
    t.enrollment.c.version != _target,
)
_OTHER_VERSIONS = select(t.version.c.id).where(t.version.c.journey == _journey, t.version.c.id != _target)
_STANDING = (
    select(t.enrollment.c.version, t.enrollment.c.node, func.count().label("contacts"))
    .where(*_inside)
    .group_by(t.enrollment.c.version, t.enrollment.c.node)
)
_WAITING = (
    select(t.enrollment.c.version, t.enrollment.c.node, func.count().label("messages"))
    .join(
        t.message,
        (t.message.c.enrollment == t.enrollment.c.id)
        & (t.message.c.node == t.enrollment.c.node)
        & (t.message.c.visit == t.enrollment.c.n),
    )
    .where(*_inside, t.message.c.state.in_(["pending", "held"]))
    .group_by(t.enrollment.c.version, t.enrollment.c.node)
)


def other_versions(conn: Connection, journey: int, target: int) -> list[int]:
    """Row ids of the versions of a journey but one."""
    return list(conn.execute(_OTHER_VERSIONS, {"journey": journey, "target": target}).scalars())


def courses(old: Iterable[Plan], new: Plan, choices: Choices) -> list[Course]:
    """For every node of the old versions what becomes of its members in the new one.

    Raises ChoiceWithoutSense where the choices name a node that no old version has, or one nobody can go to.
    """
    old = list(old)
    problems = list(_senseless(old, new, choices))
    if problems:
        raise ChoiceWithoutSense(problems="\n".join(problems))
    return [_course(plan, step, new, choices) for plan in old for step in plan.steps.values()]


def standing(conn: Connection, journey: int, target: int, found: Iterable[Course]) -> list[Standing]:
    """Who stands where, by version and as many first; nodes on which nobody stands are left out."""
    here = {"journey": journey, "target": target}
    contacts = {(row.version, row.node): row.contacts for row in conn.execute(_STANDING, here)}
    messages = {(row.version, row.node): row.messages for row in conn.execute(_WAITING, here)}
    made = [
        Standing(course, contacts[place], messages.get(place, 0))
        for course in found
        if (place := (course.version, course.node)) in contacts
    ]
    return sorted(made, key=lambda one: (one.course.number, -one.contacts, one.course.title))


def _course(plan: Plan, step: Step, new: Plan, choices: Choices) -> Course:
    here = new.steps.get(step.id)
    why = "removed" if here is None else "kind" if here.node.kind != step.node.kind else ""
    choice = choices.nodes.get(step.id) or (choices.others if why else None)
    changed = here is not None and not why and (here.node != step.node or here.off != step.off)
    target, arrives, looks, messages = "", False, False, "cancel"
    if choice is None:
        fate, target = Fate.ALONG, step.id
        assert here is not None
        if not changed:
            # what happened while nobody looked counts: a wait that listens looks back again
            messages, looks = "keep", here.arrival is Arrival.LISTENS
        elif step.arrival is Arrival.HANDS_OVER and here.arrival is Arrival.HANDS_OVER:
            # who has a message on its way goes on with it; for the others the statement says so itself
            messages = "remake"
        elif not isinstance(step.node, Trigger):
            # a day's trigger lets in ahead of its time of day: that moment stays
            arrives = looks = True
    elif isinstance(choice, Move):
        fate, target, arrives, looks = Fate.MOVE, choice.move, True, True
    else:
        fate = Fate(choice)
    return Course(
        version=plan.version,
        number=plan.number,
        node=step.id,
        title=plan.titles[step.id],
        fate=fate,
        target=target,
        target_title=new.titles.get(target, ""),
        why=why,
        changed=changed,
        waits=step.node.kind == "wait",
        arrives=arrives,
        looks=looks,
        messages=messages,
    )


def _senseless(old: list[Plan], new: Plan, choices: Choices) -> Iterator[str]:
    titles = {id_: plan.titles[id_] for plan in old for id_ in plan.steps}
    for node, choice in choices.nodes.items():
        if node not in titles:
            yield _("No version that somebody may stand in has a node {node}.{suggestion}").format(
                node=node, suggestion=suggestion(node, titles)
            )
        if not isinstance(choice, Move):
            continue
        target = new.steps.get(choice.move)
        if target is None:
            yield _("Version {number} has no node {node} to which anybody could move.{suggestion}").format(
                number=new.number, node=choice.move[:60], suggestion=suggestion(choice.move, new.steps)
            )
        elif isinstance(target.node, Trigger):
            yield _("“{title}” ({node}) is a trigger: it lets contacts in. Move them to the node behind it.").format(
                title=new.titles[choice.move], node=choice.move
            )


def say(one: Standing) -> str:
    """What becomes of those who stand on one node, in a sentence or two."""
    course = one.course
    sentences = [_say_fate(course)]
    if course.fate is Fate.ALONG and course.changed and course.waits:
        sentences.append(_("The time already waited counts: the new setting holds from when they came."))
    if one.messages:
        sentences.append(_say_messages(course, one.messages))
    return " ".join(sentences)


def _say_fate(course: Course) -> str:
    match course.fate, course.why:
        case Fate.ALONG, _why:
            return _("They move along.") if not course.changed else _("They move along to the changed node.")
        case Fate.MOVE, _why:
            return _("They move to “{title}”.").format(title=course.target_title)
        case Fate.EXIT, _why:
            return _("They leave the journey.")
        case Fate.FINISH, "removed":
            return _("The node was removed: they finish on version {number}.").format(number=course.number)
        case Fate.FINISH, "kind":
            return _("The node became another kind: they finish on version {number}.").format(number=course.number)
        case _other:
            return _("They finish on version {number}.").format(number=course.number)


def _say_messages(course: Course, n: int) -> str:
    if course.fate is Fate.FINISH or course.messages == "keep":
        said = ngettext("{n} waiting message is kept.", "{n} waiting messages are kept.", n)
    elif course.messages == "remake":
        said = ngettext("{n} waiting message is made anew.", "{n} waiting messages are made anew.", n)
    else:
        said = ngettext("{n} waiting message is cancelled.", "{n} waiting messages are cancelled.", n)
    return said.format(n=n)
