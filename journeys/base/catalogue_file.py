"""A catalogue as a file: whoever draws journeys for a client checks them without the client's store."""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import ConfigDict, TypeAdapter, ValidationError, with_config

from journeys.base.catalogue import Catalogue
from journeys.base.errors import KanwaError
from journeys.base.i18n import N_, _
from journeys.base.validation import InvalidData, problems_of

#: number of the format; a newer one is refused
FORMAT = 1


class UnreadableCatalogue(KanwaError):
    """A file that is no catalogue."""

    text = N_("{path} is not a catalogue: {why} Make one with kanwa catalogue --to FILE.")


_adapter: TypeAdapter[Catalogue] = TypeAdapter(with_config(ConfigDict(extra="forbid"))(Catalogue))


def catalogue_text(catalogue: Catalogue) -> str:
    """The catalogue as JSON text, keys in order, that `read_catalogue` reads."""
    data = _adapter.dump_python(catalogue, mode="json")
    for name, value in data.items():
        if isinstance(getattr(catalogue, name), frozenset):
            data[name] = sorted(value)
    return json.dumps({"kanwa_catalogue": FORMAT, **data}, ensure_ascii=False, indent=1, sort_keys=False) + "\n"


def read_catalogue(path: Path) -> Catalogue:
    """The catalogue in a file. Raises UnreadableCatalogue, and InvalidData with every field that is wrong."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UnreadableCatalogue(path=path, why=_("it cannot be opened.")) from error
    except (ValueError, RecursionError) as error:
        raise UnreadableCatalogue(path=path, why=_("it is no JSON text.")) from error
    number = data.pop("kanwa_catalogue", None) if isinstance(data, dict) else None
    if number is None:
        raise UnreadableCatalogue(path=path, why=_("it does not say that it is one."))
    if number != FORMAT:
        raise UnreadableCatalogue(path=path, why=_("it was written by a newer Kanwa."))
    try:
        # JSON has lists where the catalogue has tuples and sets
        return _adapter.validate_json(json.dumps(data))
    except ValidationError as error:
        raise InvalidData(where=str(path), problems=problems_of(error, data)) from None
