"""The base of everything a criterion is made of."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar
from unicodedata import normalize

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    SerializerFunctionWrapHandler,
    StringConstraints,
    model_serializer,
)

from journeys.base.i18n import _
from journeys.base.validation import SettingsError


def stored_text(text: str) -> str:
    """For models: a text in the form in which the store keeps texts. Raises SettingsError for signs that it never keeps."""
    if "\x00" in text or any("\ud800" <= sign <= "\udfff" for sign in text):
        raise SettingsError(_("The text has signs in it that no stored text has."))
    return normalize("NFC", text)


#: key of something outside the journey, such as a tag, a product or a category
Key = Annotated[
    str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True), AfterValidator(stored_text)
]


class Part(BaseModel):
    """A frozen piece of a criterion. Its JSON leaves out what has its default, but for the word that tells its kind."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    #: fields always written
    told_by: ClassVar[frozenset[str]] = frozenset({"leaf", "type"})

    @model_serializer(mode="wrap")
    def _lean(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        fields = type(self).model_fields
        return {
            name: value
            for name, value in handler(self).items()
            if (name in self.told_by and value is not None)
            or fields[name].is_required()
            or getattr(self, name) != fields[name].default
        }
