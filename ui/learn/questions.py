"""Questions for class, with answers that the figures of the page give: on the page, and as a sheet to print."""


def draw_questions() -> None:
    """The questions and the sheet."""
