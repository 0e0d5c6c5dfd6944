"""What can be learnt of contacts: tables worked out from their history, which lower rooms read."""
