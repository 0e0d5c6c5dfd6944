"""How often the demo's contacts do what, in one table. Shares are of one mail unless they say otherwise."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Rates:
    """The behaviour of the demo's contacts."""

    #: opened, of marketing mails and of service mails
    opens: dict[str, float] = field(default_factory=lambda: {"marketing": 0.42, "service": 0.66})
    #: half of those who open do it within so many hours; the delay is log-normal
    open_hours: float = 3.0
    #: clicked, of the opened
    clicks: float = 0.3
    #: bought something within two days, of those who clicked
    buys_after_click: float = 0.09
    #: answered the question of an NPS mail, of the opened and of the others (forwarded, read without pictures)
    answers_opened: float = 0.62
    answers_unopened: float = 0.07
    #: half of the answers come within so many hours of the mail; some come when the wait is long over
    answer_hours: float = 14.0
    #: shares of the scores 0 to 10
    scores: tuple[float, ...] = (0.02, 0.01, 0.02, 0.02, 0.03, 0.04, 0.06, 0.12, 0.18, 0.25, 0.25)
    #: gave a reason when asked what went wrong
    gives_reason: float = 0.45
    #: joined or declined the club when invited; the others let it be
    joins: float = 0.3
    declines: float = 0.14
    #: half of those decide within so many hours
    join_hours: float = 20.0
    #: extended the contract a mail was about, of the mails that ask for it
    renews: float = 0.28
    #: took the newsletter back, complained; of marketing mails
    unsubscribes: float = 0.006
    complains: float = 0.0006

    #: new people a day
    sign_ups: float = 22.0
    #: of the new people: agreed to the newsletter at once
    agrees: float = 0.8
    #: of the new people: bought something on their first evening or the next
    buys_at_once: float = 0.4
    #: visits to the shop a day, of all people
    visits: float = 0.02
    #: switched the renewal of a contract off, of those on, a day
    cancels: float = 0.012
    #: people who had stopped buying and come back: share of their former rate
    comes_back: float = 0.06
