// Draws one Plotly figure and keeps drawing newer ones into the same element: zoom, hidden legend entries and hover
// survive, because the element is never replaced and every figure carries the same `layout.uirevision`.

const charts = new WeakMap();
const NARROW = 560;

// Runs plotly.js and gives what it defines; the Lab's page has begun with that early (ui/server/static_files.py).
export function run(source) {
  if (window.Plotly) return window.Plotly;
  return new Promise((resolve, reject) => {
    const early = [...document.scripts].find((script) => script.src === source);
    const script = early ?? document.createElement("script");
    script.onload = () => (window.Plotly ? resolve(window.Plotly) : reject(new Error("no Plotly in " + source)));
    script.onerror = () => {
      script.remove();
      reject(new Error("cannot run " + source));
    };
    if (early) return;
    script.src = source;
    document.head.append(script);
  });
}

function readTheme(box) {
  const style = getComputedStyle(box);
  const read = (name) => style.getPropertyValue("--st-" + name).trim();
  return {
    text: read("text-color"), background: read("background-color"), border: read("border-color"),
    panel: read("secondary-background-color"), font: read("font"),
  };
}

function themedAxis(axis, theme) {
  return {
    ...axis, gridcolor: theme.border, linecolor: theme.border, zerolinecolor: theme.border,
    tickcolor: "rgba(0,0,0,0)", ticklen: 4, automargin: true,
  };
}

// Variants stand in a column on the right; in rows below on a narrow screen, or where the figure asks for it.
function isBelow(legend, width) {
  return width < NARROW || legend.orientation === "h";
}

function placeLegend(legend, width) {
  const place = isBelow(legend, width)
    ? { orientation: "h", x: 0, xanchor: "left", y: 0, yref: "container", yanchor: "bottom" }
    : { orientation: "v", x: 1.02, xanchor: "left", y: 1, yanchor: "top" };
  return { ...legend, ...place, bgcolor: "rgba(0,0,0,0)" };
}

function themedLayout(layout, theme, width, height) {
  const touch = matchMedia("(pointer: coarse)").matches;
  const themed = {
    ...layout, width, height, autosize: false,
    paper_bgcolor: theme.background, plot_bgcolor: theme.background, colorway: [theme.text],
    font: { family: theme.font, color: theme.text, size: 13 },
    hoverlabel: { bgcolor: theme.panel, bordercolor: theme.border, align: "left", font: { color: theme.text, family: theme.font } },
    modebar: { orientation: "v", bgcolor: theme.background, color: theme.text + "99", activecolor: theme.text },
    dragmode: touch ? false : layout.dragmode,
  };
  for (const name of Object.keys(layout)) {
    if (/^[xy]axis/.test(name)) {
      themed[name] = themedAxis(layout[name], theme);
      if (touch) themed[name].fixedrange = true;
    }
  }
  // Words beside marks stand on the page's colour, so that curves do not run through them.
  themed.annotations = layout.annotations?.map((a) => (a.showarrow ? { ...a, bgcolor: theme.background + "d9" } : a));
  if (layout.legend) themed.legend = placeLegend(layout.legend, width);
  return themed;
}

// Filled marks are cut out of the curves by an outline in the page's colour.
function outlineMarks(traces, theme) {
  for (const trace of traces) {
    if (trace.meta === "marks") trace.marker.line.color = theme.background;
  }
}

// On a narrow screen what stands right of the plot is cut short: Python gave its shorter text as its name.
function narrowLayout(layout, width) {
  if (width >= NARROW) return layout;
  const annotations = layout.annotations?.map((a) => ({ ...a, text: a.name ?? a.text, font: { ...a.font, size: 11 } }));
  const narrow = { ...layout, ...(annotations && { annotations }) };
  if (layout.meta?.narrow) narrow.margin = { ...layout.margin, r: layout.meta.narrow };
  for (const name of Object.keys(layout).filter((key) => key.startsWith("xaxis"))) {
    narrow[name] = { ...layout[name], nticks: 4, tickangle: 0 };
  }
  return narrow;
}

// Pointing at a variant (a line, or an element that names it) fades the others; pressing keeps it so. Style rules do
// it: nothing is drawn anew, and what Streamlit puts into the page later obeys them, too.
function startFocus() {
  const rules = document.head.appendChild(document.createElement("style"));
  const focus = { usual: 0, pointed: null, kept: null, words: [] };
  focus.show = () => {
    const index = focus.pointed ?? focus.kept, shown = index ?? focus.usual, chart = ".live-chart[data-focus] .trace";
    const silent = focus.words.flatMap((places, variant) => (variant === shown ? [] : places));
    const silence = silent.map((place) => `.live-chart[data-focus] .annotation[data-index="${place}"]`).join();
    rules.textContent = `${chart}[class*="tracev${shown}_"][class*="_focused"] { display: inline }` +
      (silence && `${silence} { display: none }`) + (index === null ? "" : `
      ${chart}[class*="tracev"]:not([class*="tracev${index}_"]) { opacity: 0.15 !important }
      ${chart}[class*="tracev${index}_"] .js-fill { fill-opacity: 0.28 !important }
      [data-lab-variant]:not([data-lab-variant="${index}"], [data-lab-reference]), [class*="st-key-card_"]:not(.st-key-card_${index}) { opacity: 0.45 }`);
  };
  focus.point = (index) => { if (focus.pointed !== index) { focus.pointed = index; focus.show(); } };
  focus.keep = (index) => { focus.kept = focus.kept === index ? null : index; focus.show(); };
  const find = (target) => {
    const element = target.closest?.('[data-lab-variant], [class*="st-key-card_"], [class*="st-key-variant_card_"]');
    const found = element && (element.dataset.labVariant ?? element.className.match(/st-key-(?:variant_)?card_(\d+)/)?.[1]);
    const drawn = found != null && document.querySelector(`.live-chart[data-focus] [class*="tracev${found}_"]`);
    return drawn ? Number(found) : null; // a variant of the form may be none of those that are shown
  };
  const point = ({ target }) => target.closest?.(".live-chart") || focus.point(find(target));
  document.addEventListener("pointerover", (event) => event.pointerType !== "touch" && point(event));
  document.addEventListener("focusin", point);
  document.addEventListener("click", ({ target }) => {
    if (target.closest("button, a, input, summary, label, .live-chart, [class*='variant_card_']")) return;
    const index = find(target);
    if (index !== null) focus.keep(index);
  });
  document.addEventListener("keydown", ({ key }) => key === "Escape" && focus.kept !== null && focus.keep(focus.kept));
  return focus;
}

function variantOf(event) {
  const found = event.points[0]?.data.uid?.match(/^v(\d+)_/);
  return found ? Number(found[1]) : null;
}

function watchFocus(chart) {
  const focus = (window.regularizerLabFocus ??= startFocus());
  chart.plot.on("plotly_hover", (event) => focus.point(variantOf(event)));
  chart.plot.on("plotly_unhover", () => focus.point(null));
  chart.plot.on("plotly_click", (event) => variantOf(event) !== null && focus.keep(variantOf(event)));
}

// What is drawn, as a table: one row for each x, one column for each named trace; of a map, its cells.
function fillTable({ plot, table }) {
  const named = plot.calcdata?.filter(([first]) => first?.trace && plot.data[first.trace.index].name) ?? [];
  const map = plot._fullData?.find((trace) => trace.type === "heatmap");
  table.hidden = !named.length && !map;
  if (!table.open) return;
  const write = (value) => (typeof value === "number" ? String(Number(value.toPrecision(5))) : value ?? "");
  let rows;
  if (map) {
    rows = [["", ...map.x], ...map.z.map((cells, row) => [map.y[row], ...cells])];
  } else {
    const places = [...new Set(named.flatMap((points) => points.map(({ x }) => x)))].sort((a, b) => a - b);
    const columns = named.map((points) => new Map(points.map(({ x, y }) => [x, y])));
    rows = [[plot.layout.xaxis.title?.text ?? "", ...named.map(([{ trace }]) => trace.name)],
      ...places.map((place) => [place, ...columns.map((column) => column.get(place))])];
  }
  table.lastElementChild.replaceChildren(...rows.map((cells, row) => {
    const line = document.createElement("tr");
    line.append(...cells.map((value, column) => {
      const cell = document.createElement(row && column ? "td" : "th");
      cell.textContent = write(value);
      return cell;
    }));
    return line;
  }));
}

// The picture as it is seen: with the words of one variant.
function save(chart, format) {
  const { kept, usual, words = [] } = window.regularizerLabFocus ?? {}, variant = kept ?? usual;
  const shown = (trace) => !/_focused$/.test(trace.uid) || trace.uid.startsWith(`v${variant}_`);
  const silent = chart.box.dataset.focus ? words.flatMap((places, one) => (one === variant ? [] : places)) : [];
  const { data, layout, clientWidth: width, clientHeight: height } = chart.plot;
  const annotations = layout.annotations?.filter((_, place) => !silent.includes(place));
  const options = { format, width, height, scale: 2, filename: "regularizer-lab" };
  chart.Plotly.downloadImage({ data: data.filter(shown), layout: { ...layout, annotations } }, options);
}

// A double-click shows all. Plotly's own "reset" would go back to the ranges of the first epochs: ours forgets what the
// person did to the axes, so that they follow the data again.
function configure(chart) {
  const { camera, disk, home } = chart.Plotly.Icons;
  const button = (name, title, icon, click) => ({ name, title, icon, click });
  const [png, svg, reset] = chart.data.buttons;
  const buttons = [
    button("png", png, camera, () => save(chart, "png")),
    button("svg", svg, disk, () => save(chart, "svg")),
    button("reset", reset, home, () => draw(chart, chart.resets++)),
  ];
  return { displaylogo: false, displayModeBar: "hover", doubleClick: "autosize", modeBarButtons: [buttons] };
}

// What the box grows by, in pixels: a legend below must not take the curves' room.
function legendHeight(figure, width) {
  const { legend } = figure.layout;
  if (!legend || !isBelow(legend, width)) return 0;
  const entries = figure.data.filter((trace) => trace.showlegend !== false && !trace.legend);
  return 22 * Math.ceil(entries.length / Math.max(2, Math.floor(width / 170)));
}

// Plotly 7.1 drops a person's zoom when the next figure asks for another range than the last one did, as the value
// axis does with every epoch: while it is zoomed, ask for a copy (Plotly writes into it) of the range that was asked for before.
function keepZoom(chart, { uirevision, xaxis = {}, yaxis: axis = {} }) {
  xaxis.uirevision = `${xaxis.uirevision ?? uirevision} ${chart.resets}`;
  axis.uirevision = `${axis.uirevision ?? uirevision} ${chart.resets}`;
  if (chart.zoomed === axis.uirevision) axis.range = chart.asked?.slice();
  else chart.asked = axis.range?.slice();
}

function watchZoom(chart) {
  chart.plot.on("plotly_relayout", () => {
    const axis = chart.plot.layout.yaxis;
    chart.zoomed = String(axis.range) === String(chart.asked) ? undefined : axis.uirevision;
  });
}

function draw(chart) {
  const { box, plot, data } = chart;
  const width = box.clientWidth;
  if (!width || !chart.Plotly || !chart.near || !box.isConnected) return;
  const height = data.height + legendHeight(data.figure, width);
  box.style.height = height + "px";
  const figure = structuredClone(data.figure); // Plotly writes what the person hid or zoomed into what it is given
  const theme = readTheme(box);
  outlineMarks(figure.data, theme);
  keepZoom(chart, figure.layout);
  const layout = themedLayout(narrowLayout(figure.layout, width), theme, width, height);
  chart.width = width;
  chart.config ??= configure(chart);
  chart.Plotly.react(plot, figure.data, layout, chart.config).then(() => {
    box.dataset.draws = Number(box.dataset.draws || 0) + 1;
    if (box.dataset.draws === "1") {
      watchZoom(chart);
      watchFocus(chart);
    }
    fillTable(chart);
  });
}

function mount(box) {
  const table = box.parentElement.querySelector(".live-chart-table");
  const chart = { box, table, plot: box.querySelector(".live-chart-plot"), width: 0, resets: 0 };
  table.addEventListener("toggle", () => fillTable(chart));
  chart.observer = new ResizeObserver(() => box.clientWidth !== chart.width && draw(chart));
  chart.observer.observe(box);
  // What lies further down is drawn for the first time when it comes within a screen of what is seen.
  chart.sight = new IntersectionObserver((entries) => {
    if (chart.near || !entries.some((entry) => entry.isIntersecting)) return;
    chart.near = true;
    chart.sight.disconnect();
    if (chart.data) draw(chart);
  }, { rootMargin: "100%", scrollMargin: "100%" });
  chart.sight.observe(box);
  charts.set(box, chart);
  return chart;
}

export function unmount(box) {
  const chart = charts.get(box);
  // Streamlit 1.67 calls the clean-up of a call that a newer one has overtaken while the chart stays on the page.
  if (!chart || box.isConnected) return;
  chart.observer.disconnect();
  chart.sight.disconnect();
  if (chart.Plotly) chart.Plotly.purge(chart.plot);
  charts.delete(box);
}

// Shows the figure of `data` (see live_chart.py) in `box`.
export function show(box, data, Plotly) {
  const chart = charts.get(box) || mount(box);
  Object.assign(chart, { data, Plotly });
  chart.table.firstElementChild.textContent = data.as_table;
  const legend = box.previousElementSibling;
  if (legend.dataset.html !== data.legend) legend.dataset.html = legend.innerHTML = data.legend;
  const status = chart.table.nextElementSibling; // read aloud when it changes
  if (status.textContent !== data.status) status.textContent = data.status;
  const { focus: usual, words } = data.figure.layout.meta ?? {};
  if (words) {
    box.dataset.focus = usual;
    const focus = (window.regularizerLabFocus ??= startFocus());
    const { uirevision } = data.figure.layout;
    if (focus.revision !== uirevision) Object.assign(focus, { pointed: null, kept: null }); // of other variants
    Object.assign(focus, { usual, words, revision: uirevision }).show();
  }
  draw(chart);
}
