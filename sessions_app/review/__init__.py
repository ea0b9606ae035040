"""Looking at a conflict and settling it, for people: what the admin and the collectors' pages have in common.

`words` names paths and values, `rows` lays the differences out, `entries` reads what a form says, `sheet` puts a page together
and `desk` does what its buttons say.
"""
