"""TCP: the connection's bounded state, and one file of rules for each part of its life."""
