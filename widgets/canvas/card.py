"""What one node shows on the canvas, read from the journey once an edit."""

from __future__ import annotations

from journeys.base.i18n import _
from journeys.graph.journey import Journey
from journeys.nodes.frame import Frame
from journeys.nodes.node import Family, Names, Node, Outlet
from journeys.nodes.note import Note
from widgets.canvas.detail import Detail
from widgets.canvas.shapes import (
    PORT_REACH,
    SMALL_TEXT_X,
    STRIP,
    TEXT_RIGHT,
    TEXT_X,
    TILE,
    TILE_Y,
    Shape,
    Silhouette,
    card_shape,
    small_shape,
    width_of,
)
from widgets.canvas.texts import Placed, centred, lines_of, placed
from widgets.canvas.texts import width_of as text_width
from widgets.theme.fonts import CARD, MEDIUM, REGULAR, SECOND, SEMIBOLD
from widgets.theme.kinds import UNKNOWN, icon_of

#: px of titles at 45–75 %, and of outlet names there: 9 on the screen at 60 and at 45 %
_TITLE_AWAY, _TITLE_AWAY_LINE = 18, 22
_OUTLET_AWAY = 15
_NOTE_PX, _NOTE_LINE = 13, 18
_SMALL_KINDS = frozenset({"goal", "exit"})


class Card:
    """The title, sentence, outlets and shape of a node.

    Not changed after it is made but for its texts, which are laid out when a step of detail first asks for them.
    """

    __slots__ = (
        "_texts",
        "family",
        "icon",
        "id",
        "kind",
        "named",
        "off",
        "outlets",
        "sentence",
        "settings",
        "shape",
        "title",
    )

    def __init__(
        self,
        node: str,
        *,
        kind: str,
        family: Family | None,
        icon: str,
        title: str,
        sentence: str,
        outlets: tuple[Outlet, ...],
        off: bool,
        shape: Shape,
        settings: Node | None = None,
        named: str = "",
    ) -> None:
        """`settings` and `named` are what the journey has of the node: settings of a kind that is known here, and title."""
        self.id = node
        self.settings = settings
        self.named = named
        self.kind = kind
        #: None: a kind that is unknown here
        self.family = family
        self.icon = icon
        self.title = title
        self.sentence = sentence
        self.outlets = outlets
        self.off = off
        self.shape = shape
        self._texts: dict[Detail, tuple[Placed, ...]] = {}

    @property
    def is_step(self) -> bool:
        """Neither a note nor a frame."""
        return self.family is not Family.CANVAS

    @property
    def whole(self) -> str:
        """Title and sentence, uncut."""
        return f"{self.title}\n{self.sentence}" if self.sentence and self.is_step else self.title or self.sentence

    def is_still(self, journey: Journey, node: str) -> bool:
        """Whether nothing has changed of what it was read from; not where its sentence may name other nodes."""
        settings = self.settings
        return (
            settings is not None
            and settings is journey.node(node)
            and self.named == journey.title(node)
            and self.off == journey.is_off(node)
            and next(iter(settings.nodes_mentioned()), None) is None
        )

    def texts(self, detail: Detail) -> tuple[Placed, ...]:
        """The lines painted at a step of detail."""
        found = self._texts.get(detail)
        if found is None:
            found = self._texts[detail] = tuple(_texts(self, detail))
        return found


def card_of(journey: Journey, node: str, names: Names, *, right: bool) -> Card:
    """The card of a node. Raises NoSuchNode."""
    settings = journey.node(node)
    title = journey.title(node)
    if settings is None:
        return _unknown(journey, node, title, right=right)
    if isinstance(settings, Note):
        shape = Shape(Silhouette.NOTE, settings.width, settings.height, 0)
        return _card(journey, node, settings, title="", sentence=settings.text, outlets=(), shape=shape)
    if isinstance(settings, Frame):
        shape = Shape(Silhouette.FRAME, settings.width, settings.height, 0)
        return _card(journey, node, settings, title=settings.title, sentence="", outlets=(), shape=shape)
    title = title or settings.label
    outlets = settings.outlets()
    sentence = settings.words(names)
    if settings.kind in _SMALL_KINDS:
        shape = small_shape(text_width(title, CARD - 1, SEMIBOLD), right=right)
    else:
        shape = _shape(settings.family, outlets, sentence, right=right)
    return _card(journey, node, settings, title=title, sentence=sentence, outlets=outlets, shape=shape)


def _card(
    journey: Journey, node: str, settings: Node, *, title: str, sentence: str, outlets: tuple[Outlet, ...], shape: Shape
) -> Card:
    return Card(
        node,
        kind=settings.kind,
        family=settings.family,
        icon=icon_of(settings),
        title=title,
        sentence=sentence,
        outlets=outlets,
        off=journey.is_off(node),
        shape=shape,
        settings=settings,
        named=journey.title(node),
    )


def _unknown(journey: Journey, node: str, title: str, *, right: bool) -> Card:
    """A grey card; the outlets that its edges leave from stand for those that nobody can tell."""
    outlets = tuple(Outlet(edge.outlet, edge.outlet) for edge in journey.edges_from(node))
    kind = journey.kind(node)
    sentence = _("“{kind}” is not installed here").format(kind=kind)
    return Card(
        node,
        kind=kind,
        family=None,
        icon=UNKNOWN,
        title=title or kind,
        sentence=sentence,
        outlets=outlets,
        off=journey.is_off(node),
        shape=_shape(None, outlets, sentence, right=right),
    )


def _shape(family: Family | None, outlets: tuple[Outlet, ...], sentence: str, *, right: bool) -> Shape:
    room = width_of(len(outlets), right=right) - TEXT_X - TEXT_RIGHT
    lines = 1 if text_width(sentence, SECOND, REGULAR) <= room else 2
    return card_shape(family, outlets=len(outlets), lines=lines, right=right)


def _texts(card: Card, detail: Detail) -> list[Placed]:
    shape = card.shape
    match shape.silhouette:
        case Silhouette.NOTE:
            return _note_texts(card) if detail >= Detail.TITLE else []
        case Silhouette.FRAME:
            px = SECOND if detail is Detail.FULL else _TITLE_AWAY if detail is Detail.TITLE else 28
            title = lines_of(card.title, px, SEMIBOLD, shape.width - 20, 1)[0]
            return [placed(title, px, SEMIBOLD, "text2", x=10, y=6, line=px + 4)]
        case _:
            return _step_texts(card, detail) if detail >= Detail.TITLE else []


def _step_texts(card: Card, detail: Detail) -> list[Placed]:
    shape = card.shape
    strong, quiet = ("text3", "text3") if card.off or card.family is None else ("text", "text2")
    found: list[Placed] = []
    if shape.small:
        px, beside = (CARD - 1, 8) if detail is Detail.FULL else (_TITLE_AWAY - 1, 4)
        title = lines_of(card.title, px, SEMIBOLD, shape.width - SMALL_TEXT_X - beside, 1)[0]
        return [placed(title, px, SEMIBOLD, strong, x=SMALL_TEXT_X, y=0, line=shape.height)]
    room = shape.width - TEXT_X - TEXT_RIGHT
    if detail is Detail.FULL:
        title = lines_of(card.title, CARD, SEMIBOLD, room, 1)[0]
        found.append(placed(title, CARD, SEMIBOLD, strong, x=TEXT_X, y=10, line=20))
        for n, line in enumerate(lines_of(card.sentence, SECOND, REGULAR, room, 2)):
            found.append(placed(line, SECOND, REGULAR, quiet, x=TEXT_X, y=30 + 16 * n, line=16))
    else:
        lines = lines_of(card.title, _TITLE_AWAY, SEMIBOLD, room, 2)
        top = TILE_Y + TILE / 2 - _TITLE_AWAY_LINE * len(lines) / 2
        for n, line in enumerate(lines):
            y = top + _TITLE_AWAY_LINE * n
            found.append(placed(line, _TITLE_AWAY, SEMIBOLD, strong, x=TEXT_X, y=y, line=_TITLE_AWAY_LINE))
    if shape.strip:
        px = SECOND if detail is Detail.FULL else _OUTLET_AWAY
        found.extend(_outlet_texts(card, px, strong))
    return found


def _outlet_texts(card: Card, px: int, colour: str) -> list[Placed]:
    found = []
    for n, outlet in enumerate(card.outlets):
        x, y, width, _height = card.shape.outlet_area(n)
        if card.shape.rows:
            label = lines_of(outlet.label, px, MEDIUM, width - PORT_REACH - TEXT_X, 1)[0]
            x += width - PORT_REACH - text_width(label, px, MEDIUM)
            found.append(placed(label, px, MEDIUM, colour, x=x, y=y, line=STRIP))
        else:
            label = lines_of(outlet.label, px, MEDIUM, width - 6, 1)[0]
            # the port takes the lower edge of the strip
            found.append(centred(label, px, MEDIUM, colour, x=x + width / 2, y=y, line=STRIP - 2))
    return found


def _note_texts(card: Card) -> list[Placed]:
    found: list[Placed] = []
    y = 8.0
    most = max(int((card.shape.height - 16) // _NOTE_LINE), 1)
    for paragraph in card.sentence.split("\n"):
        left = most - len(found)
        if left <= 0:
            break
        for line in lines_of(paragraph, _NOTE_PX, REGULAR, card.shape.width - 24, left):
            found.append(placed(line, _NOTE_PX, REGULAR, "note_text", x=12, y=y, line=_NOTE_LINE))
            y += _NOTE_LINE
    return found
