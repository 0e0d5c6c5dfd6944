"""What the shop sells: 36 things and four subscriptions, prices in grosz."""

from __future__ import annotations

from dataclasses import dataclass

CURRENCY = "PLN"


@dataclass(frozen=True, slots=True)
class Product:
    key: str
    name: str
    category: str
    #: in grosz
    price: int


@dataclass(frozen=True, slots=True)
class Offer:
    """Terms a subscription is sold on."""

    key: str
    product: str
    name: str
    price: int
    duration_days: int


def _goods(category: str, *things: tuple[str, str, int]) -> tuple[Product, ...]:
    return tuple(Product(key, name, category, price) for key, name, price in things)


THINGS: tuple[Product, ...] = (
    *_goods(
        "tea",
        ("earl-grey", "Earl Grey, 100 g", 2490),
        ("sencha", "Sencha, 100 g", 3290),
        ("rooibos", "Rooibos with orange, 100 g", 2190),
        ("darjeeling", "Darjeeling first flush, 50 g", 4590),
        ("yerba", "Yerba mate, 500 g", 3890),
        ("linden", "Linden flowers, 50 g", 1590),
    ),
    *_goods(
        "coffee",
        ("espresso-blend", "Espresso blend, 1 kg", 8990),
        ("ethiopia", "Ethiopia Yirgacheffe, 250 g", 4990),
        ("colombia", "Colombia Huila, 250 g", 4490),
        ("decaf", "Decaf Brazil, 250 g", 4690),
        ("filters", "Paper filters, 100 pieces", 1290),
        ("hand-grinder", "Hand grinder", 24900),
    ),
    *_goods(
        "kitchen",
        ("teapot", "Cast-iron teapot", 18900),
        ("mug-blue", "Mug “Boleslawiec”, blue", 5900),
        ("mug-white", "Mug, white", 3900),
        ("kettle", "Gooseneck kettle", 32900),
        ("scale", "Kitchen scale", 14900),
        ("thermos", "Thermos, 0.5 l", 11900),
    ),
    *_goods(
        "books",
        ("book-tea", "The Way of Tea", 4990),
        ("book-coffee", "Coffee at Home", 5490),
        ("book-bread", "Bread in Seven Days", 5990),
        ("book-garden", "A Balcony in Bloom", 4490),
        ("book-pickles", "Pickles and Preserves", 3990),
        ("notebook", "Notebook, dotted", 2990),
    ),
    *_goods(
        "garden",
        ("seeds-herbs", "Seeds: twelve herbs", 1990),
        ("seeds-flowers", "Seeds: meadow flowers", 1490),
        ("pots", "Clay pots, set of three", 6900),
        ("trowel", "Trowel", 4900),
        ("watering-can", "Watering can, 5 l", 7900),
        ("gloves", "Garden gloves", 2900),
    ),
    *_goods(
        "pantry",
        ("honey-linden", "Linden honey, 400 g", 3290),
        ("honey-heather", "Heather honey, 400 g", 4890),
        ("jam-plum", "Plum jam, 300 g", 1990),
        ("chocolate", "Dark chocolate 80 %", 1690),
        ("biscuits", "Ginger biscuits", 1490),
        ("syrup-raspberry", "Raspberry syrup, 500 ml", 2290),
    ),
)

SUBSCRIPTIONS: tuple[Product, ...] = (
    Product("stream-x", "Stream X", "streaming", 3900),
    Product("stream-sport", "Stream Sport", "streaming", 4900),
    Product("tea-box", "Tea of the month", "boxes", 5900),
    Product("care-plus", "Care Plus", "services", 19900),
)

PRODUCTS: tuple[Product, ...] = THINGS + SUBSCRIPTIONS

OFFERS: tuple[Offer, ...] = (
    Offer("stream-x-30", "stream-x", "Stream X, 30 days", 3900, 30),
    Offer("stream-x-365", "stream-x", "Stream X, a year", 39000, 365),
    Offer("stream-sport-30", "stream-sport", "Stream Sport, 30 days", 4900, 30),
    Offer("stream-sport-365", "stream-sport", "Stream Sport, a year", 49000, 365),
    Offer("tea-box-90", "tea-box", "Tea of the month, a quarter", 15900, 90),
    Offer("care-plus-365", "care-plus", "Care Plus, a year", 19900, 365),
)
