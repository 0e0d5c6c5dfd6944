"""The criterion editor: groups and rules, the sentence they make, and how many contacts match."""
