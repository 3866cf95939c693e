// Draws the report's figures with the plotly.js above it. Colours of text, grid and background come from the style sheet,
// so that charts follow the system's light or dark scheme, and turn black on white for paper.

const NARROW = 560;
const NARROW_PANEL = 300;
const PAPER_SHARE = 0.86; // of a chart's height, so that two stand on a page
const PAPER_HEIGHT = 820; // a page of A4 or Letter, less margins, title and key
const root = document.documentElement;
const charts = [...document.querySelectorAll(".chart")].map((box) => ({
  box, figure: JSON.parse(box.nextElementSibling.textContent), width: 0, resets: 1,
}));

function readTheme() {
  const style = getComputedStyle(root);
  const read = (name) => style.getPropertyValue("--" + name).trim();
  return { text: read("text"), background: read("background"), border: read("border"), panel: read("panel"), font: read("font") };
}

// While `uirevision` stays the same, and is not 0, so does what a person zoomed to.
function themedAxis(axis, theme, uirevision) {
  return {
    ...axis, gridcolor: theme.border, linecolor: theme.border, zerolinecolor: theme.border,
    tickcolor: "rgba(0,0,0,0)", ticklen: 4, automargin: true, uirevision,
  };
}

function isBelow(legend, width) {
  return width < NARROW || legend.orientation === "h";
}

function placeLegend(legend, width) {
  const place = isBelow(legend, width)
    ? { orientation: "h", x: 0, xanchor: "left", y: 0, yref: "container", yanchor: "bottom" }
    : { orientation: "v", x: 1.02, xanchor: "left", y: 1, yanchor: "top" };
  return { ...legend, ...place, bgcolor: "rgba(0,0,0,0)" };
}

// What a legend below the curves adds, in pixels.
function legendHeight({ data, layout }, width) {
  if (!layout.legend || layout.showlegend === false || !isBelow(layout.legend, width)) return 0;
  const entries = data.filter((trace) => trace.showlegend !== false && !trace.legend);
  return 22 * Math.ceil(entries.length / Math.max(2, Math.floor(width / 170)));
}

// How many panels stand side by side.
function countColumns(layout) {
  const axes = Object.keys(layout).filter((name) => name.startsWith("xaxis"));
  return new Set(axes.map((name) => layout[name].domain?.[0] ?? 0)).size;
}

// Figures bring shorter texts for where it is narrow as the names of their annotations, and a smaller margin as `meta`.
// There is no room for the words of marks.
function narrowLayout(layout, width) {
  const columns = countColumns(layout);
  if (width >= NARROW && (columns === 1 || width >= columns * NARROW_PANEL)) return layout;
  const words = layout.meta?.words?.flat() ?? [];
  const annotations = layout.annotations?.map((a, place) => ({
    ...a, text: a.name ?? a.text, font: { ...a.font, size: 11 }, visible: !words.includes(place),
  }));
  const right = layout.meta?.narrow;
  return {
    ...layout, ...(annotations && { annotations }), ...(right && { margin: { ...layout.margin, r: right } }),
    ...(layout.xaxis && { xaxis: { ...layout.xaxis, nticks: 4 } }),
  };
}

function themedLayout(layout, theme, { width, height, resets }) {
  const touch = matchMedia("(pointer: coarse)").matches;
  const themed = {
    ...layout, width, height, autosize: false, uirevision: resets,
    paper_bgcolor: theme.background, plot_bgcolor: theme.background, colorway: [theme.text],
    font: { family: theme.font, color: theme.text, size: 13 },
    hoverlabel: { bgcolor: theme.panel, bordercolor: theme.border, align: "left", font: { color: theme.text, family: theme.font } },
    modebar: { orientation: "v", bgcolor: theme.background, color: theme.text + "99", activecolor: theme.text },
    dragmode: touch ? false : layout.dragmode,
  };
  for (const name of Object.keys(layout)) {
    if (/^[xy]axis/.test(name)) themed[name] = { ...themedAxis(layout[name], theme, resets), ...(touch && { fixedrange: true }) };
  }
  if (layout.legend) themed.legend = placeLegend(layout.legend, width);
  return themed;
}

// A trace's `uid` begins with its variant. Parts that end in "_focused", and the annotations that `meta.words` lists for
// each variant, show only for the variant that is pointed at, else for the usual one.
const belongsTo = (trace, index) => index != null && trace.includes(`v${index}_`);

function wordsOfOthers({ layout }, shown) {
  return (layout.meta?.words ?? []).flatMap((places, index) => (index === Number(shown) ? [] : places));
}

function showFocus({ box, figure }, pointed) {
  const shown = pointed ?? figure.layout.meta?.focus;
  for (const trace of box.querySelectorAll(".trace[class*=tracev]")) {
    trace.classList.toggle("shown", belongsTo(trace.classList.value, shown));
    trace.classList.toggle("faded", pointed !== null && !belongsTo(trace.classList.value, pointed));
  }
  const silent = wordsOfOthers(figure, shown);
  for (const text of box.querySelectorAll(".annotation")) {
    text.classList.toggle("silent", silent.includes(Number(text.dataset.index)));
  }
}

function focusAll(index) {
  for (const chart of charts) showFocus(chart, index);
}

function variantOf(event) {
  return event.points[0]?.data.uid?.match(/^v(\d+)_/)?.[1] ?? null;
}

// The picture as it is seen while nothing is pointed at.
function save({ box, figure, width, height }) {
  const shown = figure.layout.meta?.focus, silent = wordsOfOthers(figure, shown);
  const data = box.data.filter(({ uid = "" }) => !uid.endsWith("_focused") || belongsTo(uid, shown));
  const annotations = box.layout.annotations?.filter((_, place) => !silent.includes(place));
  const layout = { ...box.layout, ...(annotations && { annotations }) };
  Plotly.downloadImage({ data, layout }, { format: "png", width, height, scale: 2, filename: document.title });
}

function configure(chart) {
  const { camera, home } = Plotly.Icons;
  const buttons = [
    { name: "png", title: "Save as PNG", icon: camera, click: () => save(chart) },
    { name: "reset", title: "Reset axes", icon: home, click: () => draw(chart, chart.resets++) },
  ];
  return { displaylogo: false, displayModeBar: "hover", doubleClick: "autosize", modeBarButtons: [buttons] };
}

// By how many pixels texts right of the curves are cut: how wide they are depends on the system's font.
function overhang(box) {
  const beside = [...box.querySelectorAll(".annotation")].filter(
    ({ dataset }) => box.layout.annotations[dataset.index].xref === "paper" && box.layout.annotations[dataset.index].x >= 1,
  );
  const ends = beside.map((text) => text.getBoundingClientRect().right);
  return Math.ceil(Math.max(0, ...ends) - box.getBoundingClientRect().right + 2);
}

function draw(chart) {
  const { box } = chart;
  const width = (chart.width = box.clientWidth);
  const figure = structuredClone(chart.figure); // Plotly writes into what it is given
  const theme = readTheme();
  for (const trace of figure.data) {
    if (trace.meta === "marks") trace.marker.line.color = theme.background;
  }
  const asked = (figure.layout.height ?? Number(box.dataset.height)) + legendHeight(figure, width);
  const height = root.classList.contains("paper") ? Math.min(PAPER_SHARE * asked, PAPER_HEIGHT) : asked;
  chart.height = height;
  box.style.height = height + "px";
  const layout = themedLayout(narrowLayout(figure.layout, width), theme, chart);
  chart.config ??= configure(chart);
  Plotly.react(box, figure.data, layout, chart.config);
  const cut = overhang(box);
  if (cut > 0) Plotly.relayout(box, { "margin.r": layout.margin.r + cut });
  showFocus(chart, null);
  if (!chart.watched) {
    chart.watched = true;
    box.on("plotly_hover", (event) => focusAll(variantOf(event)));
    box.on("plotly_unhover", () => focusAll(null));
  }
}

function drawAll() {
  charts.forEach(draw);
}

drawAll();
new ResizeObserver(() => charts.forEach((chart) => chart.box.clientWidth !== chart.width && draw(chart))).observe(document.body);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
addEventListener("beforeprint", () => {
  root.classList.add("paper");
  drawAll();
});
addEventListener("afterprint", () => {
  root.classList.remove("paper");
  drawAll();
});
for (const type of ["pointerover", "pointerout"]) {
  document.addEventListener(type, ({ target, pointerType }) => {
    if (target.closest(".chart") || pointerType === "touch") return;
    focusAll(type === "pointerover" ? (target.closest("[data-variant]")?.dataset.variant ?? null) : null);
  });
}
