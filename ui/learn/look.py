"""How the Learn page looks: the row of steps, the places of a step, and the cards of families."""

STYLE = """<style>
[data-testid="stLatex"] .katex { font-size: 1em; }
[data-testid="stLatex"] .katex-display { overflow-x: auto; overflow-y: hidden; padding: 4px 0; }
.st-key-learn_step { scroll-margin-top: 4rem; }
.st-key-learn_step [role="radiogroup"] { display: grid; grid-template-columns: repeat(6, 1fr); gap: 8px; }
.st-key-learn_step button { border: 0; border-top: 4px solid var(--learn-border); border-radius: 0; padding: 6px 2px;
  background: none; justify-content: start; align-items: start; text-align: left; height: auto; min-height: 44px;
  margin: 0; }
.st-key-learn_step button:has(~ [aria-checked="true"]), .st-key-learn_step [aria-checked="true"] {
  border-top-color: var(--learn-primary); }
.st-key-learn_step button div { justify-content: start; }
.st-key-learn_step button p { white-space: normal; line-height: 1.25; font-size: 0.875rem; }
.st-key-learn_step button strong { display: block; font-size: 0.8rem; font-weight: 500; opacity: 0.75; }
.st-key-learn_step [aria-checked="true"] p { font-weight: 600; color: var(--learn-text); }
.st-key-learn_step [aria-checked="true"] strong { opacity: 1; }
.st-key-learn_step, .st-key-lesson_say { --learn-border: #d9e0e4; --learn-primary: #0f766e; --learn-tint: #e6f2f0;
  --learn-text: #0f766e; }
@media (prefers-color-scheme: dark) { .st-key-learn_step, .st-key-lesson_say {
  --learn-border: #2e3742; --learn-primary: #148578; --learn-tint: #12302e; --learn-text: #4fc0b1; } }
.st-key-lesson { display: grid; grid-template: "words figure" auto "said figure" 1fr / minmax(0, 25rem) minmax(0, 1fr);
  gap: 0.75rem 2.5rem; padding: 1.4rem 1.5rem; align-items: start; }
.st-key-lesson > :has(> .st-key-lesson_words) { grid-area: words; }
.st-key-lesson > :has(> .st-key-lesson_figure) { grid-area: figure; }
.st-key-lesson > :has(> .st-key-lesson_said) { grid-area: said; }
.st-key-lesson > * { min-width: 0; width: 100%; }
.st-key-lesson_say { background: var(--learn-tint); border-radius: 8px; padding: 0.7rem 0.9rem; }
.st-key-families { display: grid; grid-template-columns: repeat(4, minmax(0, 1fr));
  grid-auto-flow: dense; gap: 0.75rem; }
.st-key-families > * { min-width: 0; width: 100%; }
.st-key-families > *, [class*="st-key-family_"] { height: 100%; }
.st-key-families > :has(> .st-key-entry) { grid-column: 1 / -1; height: auto; }
.st-key-families > :has(> .st-key-keras_family) { grid-column: 1 / -1; height: auto; }
[class*="st-key-entry_"] button { min-height: 2rem; padding: 0.1rem 0.6rem; }
@media (max-width: 1020px) { .st-key-lesson { grid-template: "words" "figure" "said" / minmax(0, 1fr); } }
@media (max-width: 1180px) { .st-key-families { grid-template-columns: repeat(2, minmax(0, 1fr)); } }
@media (max-width: 760px) {
  .st-key-lesson { padding: 1rem 0.8rem; }
  .st-key-learn_step [role="radiogroup"] { gap: 4px; }
  .st-key-learn_step button div { justify-content: start; }
.st-key-learn_step button p { font-size: 0; } .st-key-learn_step button strong { font-size: 0.9rem; }
  .st-key-families { grid-template-columns: minmax(0, 1fr); }
  [class*="st-key-entry_"] button { min-height: 2.5rem; }
}
</style>"""
"""Formulas fit beside their pictures; on a phone the longest can be pushed sideways. On a phone the row of steps shows
numbers, and a step's places stand one below the other. What is open of a family stands below its card's row."""
