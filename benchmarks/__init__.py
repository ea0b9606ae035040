"""Measurements of saving, reading and listing sessions, against the database alone and against a plain hub. See README.md."""
