"""The base of everything a criterion is made of."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, SerializerFunctionWrapHandler, model_serializer


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
