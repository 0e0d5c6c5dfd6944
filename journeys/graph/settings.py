"""What a journey says of itself, beside its nodes and edges."""

from __future__ import annotations

import unicodedata
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from journeys.base.i18n import _
from journeys.base.validation import SettingsError
from journeys.criteria import Criterion
from journeys.nodes.keys import Key
from journeys.nodes.windows import ClockTime

_MODEL = ConfigDict(extra="forbid", frozen=True, validate_by_name=True, serialize_by_alias=True)

#: longest name of a journey and title of a node
LONGEST_NAME = 200


def one_line(text: str) -> str:
    """Refuse a name with a line break or another control character: names stand in mail headers and lists."""
    if any(unicodedata.category(char) in ("Cc", "Zl", "Zp") for char in text):
        raise SettingsError(_("A name is one line of text, without line breaks or control characters."))
    return text


class ReEntry(BaseModel):
    """When somebody who has been in the journey may come in again."""

    model_config = _MODEL

    rule: Literal["never", "after leaving", "after days", "always"] = Field("never", title=_("May come back"))
    #: counted from the last entry; only for "after days"
    days: int = Field(30, title=_("Days since the last entry"), ge=1, le=3660)
    per: Literal["contact", "subject"] = Field("contact", title=_("Counted per"))


class QuietHours(BaseModel):
    """Hours of the contact's clock in which no marketing message goes out; from later than to: across midnight."""

    model_config = _MODEL

    starts: ClockTime = Field(alias="from", title=_("From"))
    ends: ClockTime = Field(alias="to", title=_("To"))

    @model_validator(mode="after")
    def _not_all_day(self) -> QuietHours:
        if self.starts == self.ends:
            raise SettingsError(_("Quiet hours begin and end at the same time. Give two different times."))
        return self


class Cap(BaseModel):
    """The most marketing messages one contact gets in so many days."""

    model_config = _MODEL

    at_most: int = Field(title=_("At most"), ge=1, le=1000)
    within_days: int = Field(title=_("Within days"), ge=1, le=366)


class Policies(BaseModel):
    """Overrides of the workspace's policies; nothing given: the workspace's own holds."""

    model_config = _MODEL

    quiet_hours: QuietHours | None = Field(None, title=_("Quiet hours"))
    cap: Cap | None = Field(None, title=_("Frequency cap"))


class JourneySettings(BaseModel):
    """The graph attributes of a journey."""

    model_config = _MODEL

    #: slug given at creation, never changed; stands for the journey in the store and in other journeys
    id: Key = Field(title=_("Id"))
    name: Annotated[str, AfterValidator(one_line)] = Field(title=_("Name"), min_length=1, max_length=LONGEST_NAME)
    direction: Literal["down", "right"] = Field("down", title=_("Direction"))
    re_entry: ReEntry = Field(ReEntry(), title=_("May come back"))
    exit_when: Criterion | None = Field(None, title=_("Leaves when"))
    goal: Criterion | None = Field(None, title=_("Goal"))
    policies: Policies = Field(Policies(), title=_("Policies"))
    #: hash of the published version that the draft started from
    based_on: str | None = Field(None, title=_("Based on"), pattern=r"^[0-9a-f]{64}$")
