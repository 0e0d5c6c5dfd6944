"""What the outside must know before a journey can be checked against it. The types only; the store makes one."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Literal

#: channels by which this installation can hand messages over
TRANSPORTS = frozenset({"email"})

AttributeType = Literal["text", "number", "date", "datetime", "boolean", "choice", "list"]


@dataclass(frozen=True, slots=True)
class AttributeEntry:
    """One attribute that contacts may have."""

    type: AttributeType
    label: str = ""
    choices: tuple[str, ...] = ()
    unit: str = ""


@dataclass(frozen=True, slots=True)
class TemplateEntry:
    """What checks need to know of a message template."""

    #: "marketing" or "service", as the template proposes
    message_class: str = "marketing"
    #: key of the survey the template carries, or nothing
    survey: str = ""
    #: key of the loyalty programme that the template invites to, or nothing
    programme: str = ""
    #: channels the template has a body for
    channels: frozenset[str] = frozenset({"email"})
    #: what the template cannot be written without: "contract", "purchase", "product", "event", "subject"
    subjects: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class PoolEntry:
    """What checks need to know of a pool of codes."""

    #: codes that can be taken today
    free: int
    #: it runs low when fewer are left
    low_at: int = 0


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Keys that exist outside the journey. A check that needs a part finds it here or is skipped and says so."""

    attributes: dict[str, AttributeEntry] = field(default_factory=dict)
    templates: dict[str, TemplateEntry] = field(default_factory=dict)
    #: segment key → label
    segments: dict[str, str] = field(default_factory=dict)
    tags: frozenset[str] = frozenset()
    purposes: frozenset[str] = frozenset()
    programmes: frozenset[str] = frozenset()
    surveys: frozenset[str] = frozenset()
    #: funnel key → stage keys in order
    funnels: dict[str, tuple[str, ...]] = field(default_factory=dict)
    senders: frozenset[str] = frozenset()
    pools: dict[str, PoolEntry] = field(default_factory=dict)
    #: None: nobody could look into the keyring, and no check asks for them
    secrets: frozenset[str] | None = None
    journeys: frozenset[str] = frozenset()
    products: frozenset[str] = frozenset()
    #: channels by which messages can be handed over
    transports: frozenset[str] = TRANSPORTS
    #: the workspace's day for which is asked what lies in the past
    today: date | None = None
    feeds: frozenset[str] = frozenset()
