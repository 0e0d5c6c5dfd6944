"""The demo: a believable shop, contacts that react, and a month on a simulated clock."""
