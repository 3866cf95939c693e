"""Sentences made from what `analysis` found, for pages, charts and the command line. One catalogue, through gettext."""
