"""The network of a plan as a picture: boxes from top to bottom, made of plain HTML, so that phones wrap it and screen
readers read it."""

from collections.abc import Sequence
from html import escape

import streamlit as st

from experiment.spec import Experiment
from models.layer_facts import count_parameters
from models.outline import Step, Stretch, outline
from models.plan import Plan
from ui import text
from ui.components.keras_summary import draw_summary

STYLE = """<style>
.network { --line: color-mix(in srgb, currentColor 22%, transparent); max-width: 520px; font-size: 0.875rem; }
.network .stretch { position: relative; border: 1px solid var(--line); border-radius: 8px; padding: 6px 10px; }
.network .stretch + .stretch, .network .stretch + .end, .network .end + .stretch { margin-top: 18px; }
.network .stretch + .stretch::before, .network .stretch + .end::before, .network .end + .stretch::before {
  content: "↓"; position: absolute; top: -20px; left: 50%; transform: translateX(-50%); opacity: 0.6; font-size: 13px;
}
.network .end { position: relative; text-align: center; opacity: 0.75; padding: 2px; }
.network .residual { padding-right: 78px; }
.network .times {
  position: absolute; top: -11px; left: 10px; padding: 0 7px; border-radius: 9px; background: #0072b2; color: #fff;
  font-weight: 600; font-size: 0.8rem; z-index: 1;
}
.network .step { display: flex; gap: 8px; align-items: baseline; padding: 2px 0 2px 8px; border-left: 3px solid; }
.network .step + .step { margin-top: 2px; }
.network .step b { font-weight: 500; flex: 1; min-width: 7em; }
.network .step span { opacity: 0.7; font-variant-numeric: tabular-nums; white-space: nowrap; font-size: 0.8rem; }
.network .step span.count { width: 5.4em; text-align: right; }
.network .weights { border-color: #0072b2; } .network .normalization { border-color: #009e73; }
.network .activation { border-color: #87919a; } .network .noise { border-color: #d55e00; }
.network .other { border-color: #a07ff4; }
.network .shortcut {
  position: absolute; right: 28px; top: -9px; bottom: 15px; width: 34px; border: 2px solid #d55e00; border-left: none;
  border-radius: 0 12px 12px 0; font-size: 0.75rem;
}
.network .shortcut::before {
  content: "◂"; position: absolute; bottom: -0.68em; left: -9px; color: #d55e00; font-size: 17px; line-height: 1.2;
}
.network .shortcut i {
  position: absolute; top: 50%; right: -14px; transform: translate(50%, -50%) rotate(90deg); white-space: nowrap;
  font-style: normal; opacity: 0.8;
}
.network .add {
  width: 1.5em; height: 1.5em; line-height: 1.4em; margin: 4px 0 0 auto; text-align: center; font-weight: 600;
  border: 1px solid var(--line); border-radius: 50%;
}
</style>"""


def draw_networks(experiment: Experiment, *, key: str) -> None:
    """The network of one variant, the first unless another is chosen: picture and Keras's summary."""
    variant = experiment.variants[0]
    if len(experiment.variants) > 1:
        names = {v.name: v for v in experiment.variants}
        chosen = st.selectbox(text.NETWORK_OF, list(names), key=f"{key}_variant")
        variant = names.get(chosen, variant)
    draw_network(experiment.plan(variant))
    draw_summary(experiment, variant, key=f"{key}_summary")


def draw_network(plan: Plan) -> None:
    """The picture, below what the network has in all."""
    parameters = text.NETWORK_SIZE.format(parameters=count_parameters(plan))
    if plan.members > 1:
        parameters += text.NETWORK_MEMBERS.format(members=plan.members)
    st.caption(parameters)
    st.html(STYLE + network_html(plan))


def network_html(plan: Plan) -> str:
    """The boxes of one member of the network."""
    stretches = "".join(map(_stretch, outline(plan)))
    return f'<div class="network">{_end(text.NETWORK_INPUT, plan.input_shape)}{stretches}</div>'


def _end(title: str, shape: Sequence[int]) -> str:
    return f'<div class="end">{escape(title)} {_shape(shape)}</div>'


def _stretch(stretch: Stretch) -> str:
    times = f'<div class="times">{stretch.times} ×</div>' if stretch.times > 1 else ""
    steps = "".join(map(_step, stretch.steps))
    if stretch.shortcut is None:
        return f'<div class="stretch">{times}{steps}</div>'
    label = ", ".join(escape(step.label) for step in stretch.shortcut) or escape(text.NETWORK_SHORTCUT)
    shortcut = f'<div class="shortcut"><i>{label}</i></div><div class="add">+</div>'
    return f'<div class="stretch residual">{times}{steps}{shortcut}</div>'


def _step(step: Step) -> str:
    count = f"{step.weights:,}" if step.weights else ""
    return (
        f'<div class="step {step.kind}"><b>{escape(step.label)}</b>'
        f'<span>{_shape(step.shape)}</span><span class="count">{count}</span></div>'
    )


def _shape(shape: Sequence[int]) -> str:
    return " × ".join(f"{size:,}" for size in shape)
