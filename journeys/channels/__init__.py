"""Hand one message over to the outside and say what happened. The outbox, its states and its database are the engine's."""
