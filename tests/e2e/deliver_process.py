"""One worker as a process of its own: hands over what is ready in a store to a mail server, and ends.

python -m tests.e2e.deliver_process STORE PORT NAME NOW
"""

from __future__ import annotations

import sys

from journeys.base.time import Instant
from journeys.channels.account import Account
from journeys.channels.smtp import SmtpChannel
from journeys.engine.deliver import Delivery
from journeys.engine.letters import LetterWriter
from journeys.engine.plan import Plans
from journeys.store.store import Store, engine_for
from tests.engine.mails import KEYS


def main(url: str, port: str, name: str, now: str) -> None:
    store = Store(engine_for(url))
    plans = Plans()
    account = Account.read("shop", {"host": "127.0.0.1", "port": int(port), "security": "plain"})
    delivery = Delivery(
        store=store,
        plans=plans,
        channel=SmtpChannel(account),
        writer=LetterWriter(plans, KEYS),
        worker=name,
        clock=lambda: Instant(int(now)),
    )
    # so that both begin with the work and not with their imports
    print("ready", flush=True)
    sys.stdin.readline()
    done = delivery.deliver(threads=2)
    print(done.states["sent"], flush=True)
    store.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
