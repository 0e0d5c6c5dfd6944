from __future__ import annotations

from collections.abc import Sequence
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, insert, update

from journeys.engine.deliver import Letter, Unwritable
from journeys.engine.letters import LetterWriter
from journeys.graph.journey import Journey
from journeys.messages.template import load, starters
from journeys.messages.verp import returned
from journeys.store import contacts, definitions
from journeys.store import tables as t
from journeys.store.contracts import NewContract, add_contracts
from journeys.store.purchases import NewLine, NewPurchase, add_purchases
from tests.engine.conftest import World, at, build
from tests.engine.mails import KEYS, add_sender, attached, body, claimed, parse, starter, written
from tests.polish import speak_polish

BY_HAND = {"on": {"type": "list"}}


def one_mail(trigger: dict[str, Any] = BY_HAND, **send: Any) -> Journey:
    send = {"template": "hello", "message_class": "service"} | send
    return build(
        {"in": ("trigger", trigger), "ask": ("send", send), "exit": ("exit", {"reason": "finished"})},
        [("in", "in", "ask"), ("ask", "sent", "exit")],
        re_entry={"rule": "after leaving", "per": "subject"} if trigger.get("subject") else {"rule": "always"},
    )


def write(world: World, *, writer: LetterWriter | None = None, times: int = 1) -> dict[int, Letter | Unwritable]:
    """The letter of each contact; every message claimed and written, the last time of `times` kept."""
    writer = writer or LetterWriter(world.engine.plans, KEYS)
    with world.store.write() as conn:
        messages = claimed(world, conn)
    with world.store.read() as conn:
        for _ in range(times):
            letters = writer.write(conn, messages, now=world.now)
    return {message.contact: letters[message.id] for message in messages}


def mail_of(letter: Letter | Unwritable) -> EmailMessage:
    assert isinstance(letter, Letter), letter
    return parse(letter.mail.content)


def sentence_of(letter: Letter | Unwritable) -> str:
    assert isinstance(letter, Unwritable)
    return letter.sentence


def arrange(world: World, who: Sequence[int], **template: Any) -> None:
    """A published journey that sends “hello” as a service message, and everybody in it."""
    world.publish(one_mail(), {"hello": written("hello", message_class="service", **template)})
    world.enroll(who)
    world.tick()


def contract(world: World, who: int, product: str, end_on: str, **more: Any) -> int:
    new = NewContract(contact=who, product=product, start_on="2025-11-30", end_on=end_on, **more)
    with world.store.write() as conn:
        return add_contracts(conn, [new], now=world.now, source="test", quiet=True)[0]


@pytest.fixture
def products(world: World) -> None:
    with world.store.write() as conn:
        definitions.define_product(conn, "stream-x", name="Stream X")
        definitions.define_product(conn, "cloud-9", name="Cloud 9")


@pytest.mark.usefixtures("products")
def test_A11_fields_come_from_the_contract_that_matched_and_not_from_another_of_the_contact(world: World) -> None:
    (anna,) = world.people(1, first_name="Anna")
    add_sender(world.store)
    contract(world, anna, "cloud-9", "2027-01-31")
    contract(world, anna, "stream-x", "2026-03-09")
    contract(world, anna, "stream-x", "2026-12-31")
    trigger = {
        "on": {"type": "date", "date": {"type": "contract end"}, "offset_days": -6, "at": "09:00"},
        "subject": "contract",
    }
    world.publish(one_mail(trigger, template="contract-ends"), starter("contract-ends"))
    world.tick("2026-03-03 09:00")
    mail = mail_of(write(world)[anna])
    assert mail["Subject"] == "Your Stream X ends on 9 Mar"
    assert "Cloud 9" not in body(mail)
    assert "2027" not in body(mail)


@pytest.mark.usefixtures("products")
def test_each_contract_of_a_contact_is_written_about_in_its_own_mail(world: World) -> None:
    (anna,) = world.people(1)
    add_sender(world.store)
    for product in ("stream-x", "cloud-9"):
        contract(world, anna, product, "2026-03-09", recurring_now=product == "cloud-9")
    trigger = {
        "on": {"type": "date", "date": {"type": "contract end"}, "offset_days": -6, "at": "09:00"},
        "subject": "contract",
    }
    hello = written(
        "hello", subject="{{ contract.product.name }}", text="{{ product.key }} {{ contract.recurring_now }}"
    )
    world.publish(one_mail(trigger), {"hello": hello})
    world.tick("2026-03-03 09:00")
    with world.store.write() as conn:
        messages = claimed(world, conn)
    with world.store.read() as conn:
        letters = LetterWriter(world.engine.plans, KEYS).write(conn, messages, now=world.now)
    mails = [mail_of(letter) for letter in letters.values()]
    assert sorted((mail["Subject"], body(mail).split("\n")[0]) for mail in mails) == [
        ("Cloud 9", "cloud-9 true"),
        ("Stream X", "stream-x false"),
    ]


@pytest.mark.usefixtures("products")
def test_the_lines_of_the_purchase_are_there_and_no_others(world: World) -> None:
    anna, bob = world.people(2)
    add_sender(world.store)
    trigger = {"on": {"type": "event", "event": "purchase.made"}, "subject": "purchase"}
    text = (
        "{{ purchase.order_id }} {{ purchase.total|money }}:"
        "{% for line in purchase.lines %} {{ line.quantity }} {{ line.product.name if line.product else 'thing' }} {{ line.amount|money }};{% endfor %}"
    )
    world.publish(one_mail(trigger), {"hello": written("hello", text=text, language="en")})
    orders = [
        NewPurchase(anna, world.now, 7000, "EUR", (NewLine("stream-x", 2, 4000), NewLine(None, 1, 3000)), "A-1"),
        NewPurchase(bob, world.now, 999, "EUR", (NewLine("cloud-9", 1, 999),), "A-2"),
    ]
    with world.store.write() as conn:
        add_purchases(conn, orders, now=world.now, source="test")
    world.tick()
    letters = write(world)
    assert body(mail_of(letters[anna])).split("\n")[0] == "A-1 €70.00: 2 Stream X €40.00; 1 thing €30.00;"
    assert body(mail_of(letters[bob])).split("\n")[0] == "A-2 €9.99: 1 Cloud 9 €9.99;"


def test_data_of_the_event_that_let_the_contact_in(world: World) -> None:
    (anna,) = world.people(1)
    add_sender(world.store)
    world.publish(
        one_mail({"on": {"type": "event", "event": "cart.abandoned"}}),
        {"hello": written("hello", subject="Still thinking about {{ event.data.item }}?")},
    )
    world.happened(anna, "cart.abandoned", item="a kettle")
    world.tick()
    world.happened(anna, "cart.abandoned", item="something later")
    assert mail_of(write(world)[anna])["Subject"] == "Still thinking about a kettle?"


def test_data_of_the_event_whose_day_has_come(world: World) -> None:
    (anna,) = world.people(1)
    add_sender(world.store)
    world.happened(anna, "conference.booked", day="2026-03-05", city="Łódź")
    trigger = {
        "on": {
            "type": "date",
            "date": {"type": "event", "event": "conference.booked", "field": "day"},
            "offset_days": -1,
            "at": "09:00",
        },
        "subject": "event",
    }
    world.publish(one_mail(trigger), {"hello": written("hello", subject="See you in {{ event.data.city }}")})
    world.tick("2026-03-04 09:00")
    assert mail_of(write(world)[anna])["Subject"] == "See you in Łódź"


def test_why_one_gets_it_names_the_purpose_and_the_day_of_consent(world: World) -> None:
    anna, bob = world.people(2)
    add_sender(world.store)
    with world.store.write() as conn:
        conn.execute(insert(t.purpose).values(key="newsletter", label="Our newsletter"))
    world.consent([anna, bob])
    send = {"message_class": "marketing", "purpose": "newsletter"}
    world.publish(one_mail(**send), {"hello": written("hello", text="Hello")})
    world.enroll([anna])
    world.tick("2026-03-07 12:00")
    mail = mail_of(write(world)[anna])
    assert "You get this mail because you agreed to “Our newsletter” on 2 March 2026." in body(mail)
    assert "on 2 March 2026." in body(mail, "html")


def test_a_consent_of_a_day_is_told_as_that_day_to_whoever_lives_further_west(world: World) -> None:
    (anna,) = world.people(1, time_zone="America/New_York")
    add_sender(world.store)
    world.now = at("2026-03-02 00:00")
    world.consent([anna])
    world.publish(one_mail(message_class="marketing", purpose="newsletter"), {"hello": written("hello", text="Hello")})
    world.enroll([anna])
    world.tick("2026-03-02 12:00")
    assert "agreed to “newsletter” on 2 March 2026." in body(mail_of(write(world)[anna]))


def test_only_marketing_mail_offers_to_unsubscribe(world: World) -> None:
    (anna,) = world.people(1)
    add_sender(world.store)
    world.consent([anna])
    templates = {"hello": written("hello")}
    world.publish(one_mail(message_class="marketing", purpose="newsletter"), templates)
    world.enroll([anna])
    world.tick()
    marketing = mail_of(write(world)[anna])
    assert marketing["List-Unsubscribe"].startswith("<mailto:shop@shop.test?subject=Unsubscribe")
    assert "Unsubscribe" in body(marketing)
    world.publish(one_mail(), templates)
    world.enroll([anna])
    world.tick()
    service = mail_of(write(world)[anna])
    assert service["List-Unsubscribe"] is None
    assert "Unsubscribe" not in body(service)
    assert "You get this mail because" not in body(service)


@pytest.mark.parametrize(
    ("senders", "named", "sentence"),
    [
        (
            [],
            None,
            "The workspace has no sender that the message could come from. Add one under Settings, Senders.",
        ),
        (
            ["news", "shop"],
            None,
            "The workspace has more than one sender: news, shop. Choose one of them in the send.",
        ),
        (
            ["news", "shop"],
            "shpo",
            "There is no sender “shpo” in the workspace. The nearest is “shop”. Add it under Settings, Senders, or "
            "choose another in the send.",
        ),
    ],
)
def test_without_a_sender_the_sentence_says_what_to_do(
    world: World, senders: list[str], named: str | None, sentence: str
) -> None:
    (anna,) = world.people(1)
    for key in senders:
        add_sender(world.store, key)
    world.publish(one_mail(sender=named), {"hello": written("hello")})
    world.enroll([anna])
    world.tick()
    assert sentence_of(write(world)[anna]) == sentence


@pytest.mark.parametrize(("senders", "named"), [(["news"], None), (["news", "shop"], "news")])
def test_a_mail_comes_from_the_named_sender_or_from_the_only_one(
    world: World, senders: list[str], named: str | None
) -> None:
    (anna,) = world.people(1)
    for key in senders:
        add_sender(world.store, key, reply_to=f"answers-{key}@shop.test")
    world.publish(one_mail(sender=named), {"hello": written("hello")})
    world.enroll([anna])
    world.tick()
    letter = write(world)[anna]
    mail = mail_of(letter)
    assert isinstance(letter, Letter)
    assert letter.mail.envelope_from == "news@shop.test"
    assert (mail["From"], mail["Reply-To"]) == ("The Shop <news@shop.test>", "answers-news@shop.test")


def test_a_template_that_was_not_published_is_named(world: World) -> None:
    (anna,) = world.people(1)
    add_sender(world.store)
    world.publish(one_mail(template="gone"))
    world.enroll([anna])
    world.tick()
    assert sentence_of(write(world)[anna]) == (
        "The message “gone” was not there when version 1 was published. Publish the journey again."
    )


def test_a_template_that_fails_for_one_contact_fails_for_that_one_only(world: World) -> None:
    (anna,) = world.people(1, first_name="Anna")
    (bob,) = world.people(1)
    add_sender(world.store)
    arrange(world, [anna, bob], subject="{{ contact.first_name }}")
    letters = write(world)
    assert mail_of(letters[anna])["Subject"] == "Anna"
    assert sentence_of(letters[bob]) == (
        "hello/template.toml: the subject is empty for this contact. Give it a fallback with “default”."
    )


def test_the_same_message_written_twice_at_the_same_instant_is_the_same_bytes(world: World) -> None:
    people = world.people(3, first_name="Łucja", language="pl")
    add_sender(world.store)
    world.consent(people)
    world.publish(
        one_mail(template="club-invitation", message_class="marketing", purpose="newsletter"),
        starter("club-invitation"),
    )
    world.enroll(people)
    world.tick()
    with world.store.write() as conn:
        messages = claimed(world, conn)
    with world.store.read() as conn:
        # two lives of the program share nothing but the store and the keys
        first, again = (
            LetterWriter(world.engine.plans, KEYS).write(conn, some, now=world.now)
            for some in (messages, messages[::-1])
        )
    assert len(messages) == 3
    assert first == again
    assert len({letter.rfc_id for letter in first.values() if isinstance(letter, Letter)}) == 3


def test_attachments_and_images_arrive_byte_by_byte(world: World) -> None:
    (anna,) = world.people(1)
    add_sender(world.store)
    world.consent([anna])
    for template in ("welcome-1", "club-invitation"):
        world.publish(
            one_mail(template=template, message_class="marketing", purpose="newsletter"), starter("welcome-1", template)
        )
        world.enroll([anna])
    world.tick()
    with world.store.write() as conn:
        messages = claimed(world, conn)
    with world.store.read() as conn:
        letters = LetterWriter(world.engine.plans, KEYS).write(conn, messages, now=world.now)
    files = {message.template: attached(mail_of(letters[message.id])) for message in messages}
    logo, terms = (load(starters() / key) for key in ("welcome-1", "club-invitation"))
    assert files == {
        "welcome-1": [("logo.png", logo.inline[0].data)],
        "club-invitation": [("club-terms.txt", terms.attachments[0].data)],
    }


def test_an_invitation_names_its_programme(world: World) -> None:
    (anna,) = world.people(1)
    add_sender(world.store)
    arrange(world, [anna], text="{{ links.join }}", programme="club")
    letter = write(world)[anna]
    assert isinstance(letter, Letter)
    assert letter.programme == "club"


def test_a_mail_says_what_is_known_now_and_not_when_it_was_made(world: World) -> None:
    (anna,) = world.people(1, first_name="Ana")
    add_sender(world.store)
    arrange(world, [anna], subject="{{ contact.first_name }}")
    with world.store.write() as conn:
        contacts.change(conn, [(anna, {"first_name": "Anna"})], now=world.now, source="test")
    assert mail_of(write(world)[anna])["Subject"] == "Anna"


def test_envelope_and_header_name_the_address_that_was_claimed(world: World) -> None:
    """An address changed between the claim and the writing was not looked up among the suppressed."""
    (anna,) = world.people(1)
    add_sender(world.store)
    arrange(world, [anna])
    with world.store.write() as conn:
        messages = claimed(world, conn)
        conn.execute(update(t.contact).values(email="new@example.com"))
    with world.store.read() as conn:
        (letter,) = LetterWriter(world.engine.plans, KEYS).write(conn, messages, now=world.now).values()
    assert isinstance(letter, Letter)
    assert (letter.mail.to, mail_of(letter)["To"]) == ("c0@example.com", "c0@example.com")


def test_the_template_of_a_version_is_kept_although_the_next_version_has_another(world: World) -> None:
    anna, bob = world.people(2)
    add_sender(world.store)
    writer = LetterWriter(world.engine.plans, KEYS)
    for who, subject in ((anna, "First"), (bob, "Second")):
        world.publish(
            one_mail(expires_after={"amount": who, "unit": "days"}), {"hello": written("hello", subject=subject)}
        )
        world.enroll([who])
    world.tick()
    letters = write(world, writer=writer)
    assert [mail_of(letters[who])["Subject"] for who in (anna, bob)] == ["First", "Second"]


@pytest.mark.usefixtures("products")
def test_a_contract_that_was_taken_away_meanwhile_leaves_the_template_its_fallback(world: World) -> None:
    (anna,) = world.people(1)
    add_sender(world.store)
    contract(world, anna, "stream-x", "2026-03-09")
    trigger = {
        "on": {"type": "date", "date": {"type": "contract end"}, "offset_days": -6, "at": "09:00"},
        "subject": "contract",
    }
    world.publish(one_mail(trigger, template="contract-ends"), starter("contract-ends"))
    world.tick("2026-03-03 09:00")
    with world.store.write() as conn:
        conn.execute(delete(t.contract))
    assert mail_of(write(world)[anna])["Subject"] == "Your subscription ends soon"


@pytest.mark.usefixtures("products")
def test_A11_a_passage_about_nothing_shows_no_contract_although_the_contact_has_one(world: World) -> None:
    (anna,) = world.people(1)
    add_sender(world.store)
    contract(world, anna, "stream-x", "2026-03-09")
    text = "{% if contract or purchase or product or subject %}about something{% else %}about nothing{% endif %}"
    arrange(world, [anna], text=text)
    assert body(mail_of(write(world)[anna])).split("\n")[0] == "about nothing"


@pytest.mark.usefixtures("products")
def test_A11_a_passage_that_a_segment_started_shows_no_contract_either(world: World) -> None:
    (anna,) = world.people(1)
    add_sender(world.store)
    contract(world, anna, "stream-x", "2026-03-09")
    world.segment("polish", {"leaf": "attribute", "attribute": "language", "op": "=", "value": "pl"})
    text = "{% if contract %}{{ contract.product.name }}{% else %}{{ event.kind }}{% endif %}"
    trigger = {"on": {"type": "segment", "segment": "polish"}}
    world.publish(one_mail(trigger), {"hello": written("hello", message_class="service", text=text)})
    with world.store.write() as conn:
        contacts.change(conn, [(anna, {"language": "pl"})], now=world.now, source="test")
    world.tick()
    assert body(mail_of(write(world)[anna])).split("\n")[0] == "segment.entered"


@pytest.fixture
def polish(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A catalogue of what the foot of a mail says, in the place of ours."""
    speak_polish(
        monkeypatch,
        tmp_path,
        {
            "Unsubscribe": "Wypisz mnie",
            "Unsubscribe: {link}": "Wypisz mnie: {link}",
            "You get this mail because you agreed to “{purpose}” on {day}.": "Masz ten list, bo {day} zgodzono się na {purpose}.",
        },
    )


@pytest.mark.usefixtures("polish")
@pytest.mark.parametrize(
    ("contact", "template", "foot", "subject"),
    [
        ("pl", "", "Masz ten list, bo 2 marca 2026 zgodzono się na newsletter.", "subject=Wypisz%20mnie"),
        ("de", "", "You get this mail because you agreed to “newsletter” on 2. März 2026.", "subject=Unsubscribe"),
        # a template in one language stays in it whoever reads it
        ("pl", "en", "You get this mail because you agreed to “newsletter” on 2 March 2026.", "subject=Unsubscribe"),
        ("en", "pl", "Masz ten list, bo 2 marca 2026 zgodzono się na newsletter.", "subject=Wypisz%20mnie"),
    ],
)
def test_the_foot_of_a_mail_is_in_the_language_of_its_words(
    world: World, contact: str, template: str, foot: str, subject: str
) -> None:
    (anna,) = world.people(1, language=contact)
    add_sender(world.store)
    world.consent([anna])
    send = {"message_class": "marketing", "purpose": "newsletter"}
    world.publish(one_mail(**send), {"hello": written("hello", text="Hello", language=template)})
    world.enroll([anna])
    world.tick()
    mail = mail_of(write(world)[anna])
    assert foot in body(mail)
    assert foot in body(mail, "html")
    assert subject in mail["List-Unsubscribe"]
    assert ("Wypisz mnie: " in body(mail)) == ("Wypisz" in subject)
    assert ("Wypisz mnie</a>" in body(mail, "html")) == ("Wypisz" in subject)


@pytest.mark.parametrize(
    ("account", "bounces_to"),
    [
        ({}, "shop@shop.test"),
        ({"return_path": "bounces@mail.shop.test"}, "bounces@mail.shop.test"),
    ],
)
def test_bounces_go_where_the_account_says(world: World, account: dict[str, Any], bounces_to: str) -> None:
    letter = letter_by(world, account)
    assert (letter.mail.envelope_from, letter.mail.sender) == (bounces_to, "shop")


def test_where_the_account_allows_a_bounce_names_its_message(world: World) -> None:
    letter = letter_by(world, {"return_path": "bounces@mail.shop.test", "verp": True})
    assert letter.mail.envelope_from.startswith("bounces+")
    assert returned(letter.mail.envelope_from, KEYS) == letter.mail.message_id == world.messages()[0]["id"]
    # the mail itself shows the sender
    assert parse(letter.mail.content)["From"] == "The Shop <shop@shop.test>"


def letter_by(world: World, account: dict[str, Any]) -> Letter:
    """A mail of the only sender, by an account with these settings."""
    (anna,) = world.people(1)
    with world.store.write() as conn:
        definitions.define_account(conn, "mail", channel="email", settings={"host": "127.0.0.1"} | account)
    add_sender(world.store)
    world.publish(one_mail(), {"hello": written("hello")})
    world.enroll([anna])
    world.tick()
    letter = write(world)[anna]
    assert isinstance(letter, Letter)
    return letter
