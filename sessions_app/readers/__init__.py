"""Readers: pure functions from a file's bytes to what it holds. No Django: they run in the sandbox.

`files.main` is the sandbox's entry point; `captures` and `checklists` know one family of files each.
"""
