"""Tables for spreadsheet programs, which would run a cell that looks like a formula."""

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def safe_cell(text: str) -> str:
    """A cell's text that no spreadsheet program takes for a formula: what begins like one gets an apostrophe in front."""
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text
