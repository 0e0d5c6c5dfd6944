"""`kanwa policy …`: the rules over all journeys, and where a journey has its own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.cli.here import Here, in_workspace
from app.cli.journeys import draft, draft_file
from app.cli.out import Column
from journeys.base.errors import UsageError
from journeys.base.i18n import N_, _

if TYPE_CHECKING:
    from journeys.graph.settings import Cap, JourneySettings, Policies, QuietHours

app = typer.Typer()
_policy = typer.Typer(help=_("Rules over all journeys: quiet hours, at most so many messages."), no_args_is_help=True)
app.add_typer(_policy, name="policy")

JourneyOption = Annotated[
    str, typer.Option("--journey", metavar="JOURNEY", help=_("For this draft alone, in place of the workspace's."))
]


class PolicyIncomplete(UsageError):
    text = N_("Give the rule: --quiet FROM-TO, such as 21:00-08:00, or --at-most N with --days N.")


class BadHours(UsageError):
    text = N_("“{hours}” are no hours. Write them like 21:00-08:00.")


class UnknownPolicy(UsageError):
    text = N_("There is no policy “{kind}” to remove. Policies are quiet_hours and cap.")


@_policy.command("set", help=_("Set quiet hours (in each contact's own time), or how many messages at most."))
@in_workspace
def set_policy(
    here: Here,
    *,
    quiet: Annotated[str, typer.Option(metavar="FROM-TO", help=_("Hours without messages, such as 21:00-08:00."))] = "",
    at_most: Annotated[int | None, typer.Option(metavar="N", help=_("Marketing messages at most …"))] = None,
    days: Annotated[int | None, typer.Option(metavar="N", help=_("… within so many days."))] = None,
    journey: JourneyOption = "",
) -> None:
    from journeys.base.validation import parse_model
    from journeys.engine.policies import set_rule
    from journeys.graph.settings import Cap, QuietHours

    if (at_most is None) != (days is None) or not (quiet or days):
        raise PolicyIncomplete
    rules: list[QuietHours | Cap] = []
    if quiet:
        begins, mark, ends = quiet.partition("-")
        if not (mark and begins.strip() and ends.strip()):
            raise BadHours(hours=quiet)
        rules.append(parse_model(QuietHours, {"from": begins.strip(), "to": ends.strip()}, where=_("The policy")))
    if at_most is not None:
        rules.append(parse_model(Cap, {"at_most": at_most, "within_days": days}, where=_("The policy")))
    if journey:
        _override(here, journey, {_kind_of(rule): rule for rule in rules})
    else:
        with here.store.write() as conn:
            for rule in rules:
                set_rule(conn, rule)
    here.out.result(
        _("The policy is set."),
        {"journey": journey or None, "quiet_hours": quiet or None, "at_most": at_most, "days": days},
    )


def _kind_of(rule: QuietHours | Cap) -> str:
    from journeys.engine.policies import KINDS

    return next(kind for kind, model in KINDS.items() if isinstance(rule, model))


def _override(here: Here, name: str, changes: dict[str, Any]) -> Policies:
    """Change the policies of a draft in its file; returns those it had. Raises what reading and writing it raises."""
    from journeys.graph.file import save

    changed = draft(here, name)
    before = changed.settings.policies
    policies = before.model_copy(update=changes)
    changed.settings = changed.settings.model_copy(update={"policies": policies})
    save(changed, draft_file(here, name))
    here.out.aside(_("It holds from the next publishing of the journey on."))
    return before


@_policy.command("list", help=_("List the policies: the workspace's, and those of journeys and drafts of their own."))
@in_workspace
def list_policies(here: Here) -> None:
    import json

    from sqlalchemy import select

    from journeys.base.validation import parse_model
    from journeys.engine.policies import KINDS
    from journeys.graph.settings import Policies
    from journeys.graph.upgrade import upgraded
    from journeys.graph.words import say_cap, say_quiet_hours
    from journeys.store.tables import journey, policy, version

    with here.store.read() as conn:
        shared = conn.execute(select(policy).order_by(policy.c.kind)).mappings().all()
        published = conn.execute(
            select(journey.c.name, journey.c.key, version.c.graph).join(version, version.c.id == journey.c.version)
        ).all()
    rows: list[dict[str, Any]] = [{"journey": None, **row, "draft": False} for row in shared]
    known: dict[str, Policies] = {}
    for name, key, graph in sorted(published):
        own = upgraded(json.loads(graph))["graph"].get("policies") or {}
        known[key] = parse_model(Policies, own, where=_("The policy"))
        rows += _rows(name, known[key], [kind for kind in sorted(KINDS) if own.get(kind)], draft=False)
    for settings in _drafts(here):
        before = known.get(settings.id, Policies.model_validate({}))
        changed = [kind for kind in sorted(KINDS) if getattr(settings.policies, kind) != getattr(before, kind)]
        rows += _rows(settings.name, settings.policies, changed, draft=True)

    def words(rule: dict[str, Any] | None) -> str:
        if rule is None:
            return _("as the workspace's")
        if "at_most" in rule:
            return say_cap(parse_model(KINDS["cap"], rule, where=_("The policy")))  # type: ignore[arg-type]
        return say_quiet_hours(parse_model(KINDS["quiet_hours"], rule, where=_("The policy")))  # type: ignore[arg-type]

    here.out.table(
        (
            Column("kind", _("Policy")),
            Column("settings", _("Rule"), words),
            Column("journey", _("Journey")),
            Column("draft", _("Holds"), lambda draft: _("from the next publishing on") if draft else _("now")),
        ),
        rows,
    )


def _rows(name: str, policies: Policies, kinds: Iterable[str], *, draft: bool) -> list[dict[str, Any]]:
    """A row for each of these policies; without settings where the journey has none of its own."""
    own = policies.model_dump(mode="json", by_alias=True)
    return [{"journey": name, "kind": kind, "settings": own[kind], "draft": draft} for kind in kinds]


def _drafts(here: Here) -> Iterator[JourneySettings]:
    """The settings of the drafts that can be read."""
    from journeys.base.errors import KanwaError
    from journeys.graph.file import load

    workspace = here.workspace_if_any
    for file in workspace.journey_files() if workspace else ():
        with suppress(KanwaError):
            yield load(file).settings


@_policy.command("remove", help=_("Take a policy away."))
@in_workspace
def remove_policy(
    here: Here,
    kind: Annotated[str, typer.Argument(metavar="POLICY", help=_("quiet_hours or cap."))],
    *,
    journey: JourneyOption = "",
) -> None:
    from journeys.engine.policies import KINDS, remove_rule

    if journey:
        if kind not in KINDS or getattr(_override(here, journey, {kind: None}), kind) is None:
            raise UnknownPolicy(kind=kind)
    else:
        with here.store.write() as conn:
            if not remove_rule(conn, kind):
                raise UnknownPolicy(kind=kind)
    here.out.result(_("The policy is removed."), {"removed": kind, "journey": journey or None})


@_policy.command("webhooks", help=_("Say whether webhooks may call this machine and its own network everywhere."))
@in_workspace
def webhooks_policy(
    here: Here,
    *,
    private: Annotated[
        bool, typer.Option("--private/--no-private", help=_("Allowed, or only where a webhook itself allows it."))
    ],
) -> None:
    from journeys.store import settings

    with here.store.write() as conn:
        settings.put(conn, settings.PRIVATE_WEBHOOKS, private)
    here.out.result(_("The policy is set."), {"private_webhooks": private})
