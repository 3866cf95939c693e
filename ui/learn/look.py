"""How the Learn page looks: the row of steps, the places of a step, and the cards of families."""

STYLE = """<style>
[data-testid="stLatex"] .katex { font-size: 1em; }
[data-testid="stLatex"] .katex-display { overflow-x: auto; overflow-y: hidden; padding: 4px 0; }
</style>"""
"""Formulas fit beside their pictures; on a phone the longest can be pushed sideways."""
