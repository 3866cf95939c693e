// Draws one Plotly figure and keeps drawing newer ones into the same element: zoom, hidden legend entries and hover
// survive, because the element is never replaced and every figure carries the same `layout.uirevision`.
// This text travels with every message (Streamlit 1.67): keep it short; live_chart.py strips these comments.

const charts = new WeakMap();
const NARROW = 560;

// The address is relative to the page's folder, so that it holds behind a base path; the folders above it are
// tried too, for a page whose own address ends in a slash.
function addresses(name) {
  const parts = new URL(document.baseURI).pathname.split("/").slice(1, -1);
  const folders = parts.map((_, index) => "/" + parts.slice(0, parts.length - index).join("/") + "/");
  return [...folders, "/"].map((folder) => new URL(folder + "app/static/" + name, document.baseURI).href);
}

function run(source) {
  return new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.onload = () => (window.Plotly ? resolve(window.Plotly) : reject(new Error("no Plotly in " + source)));
    script.onerror = () => reject(new Error("cannot run " + source));
    script.src = source;
    document.head.append(script);
  });
}

// Fetched as text and run from memory: the server sends nosniff, and where the system names .js files
// text/plain (Windows registries do) a plain script element would be refused.
async function load(name) {
  let failure;
  for (const address of addresses(name)) {
    try {
      const response = await fetch(address);
      if (!response.ok || (response.headers.get("content-type") || "").includes("html")) {
        throw new Error(response.status + " " + address);
      }
      const source = URL.createObjectURL(new Blob([await response.text()], { type: "text/javascript" }));
      return await run(source).finally(() => URL.revokeObjectURL(source));
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}

// One promise for the whole page, also when several charts or later copies of this module ask; a failure is
// forgotten, so that the next refresh tries again.
function loadPlotly(name) {
  window.regularizerLabPlotly ??= load(name).catch((error) => {
    window.regularizerLabPlotly = undefined;
    throw error;
  });
  return window.regularizerLabPlotly;
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
  if (layout.legend) themed.legend = placeLegend(layout.legend, width);
  return themed;
}

// Filled marks are cut out of the curves by an outline in the page's colour.
function outlineMarks(traces, theme) {
  for (const trace of traces) {
    if (trace.meta === "marks") trace.marker.line.color = theme.background;
  }
}

// A double-click shows all. Plotly's own "reset" would go back to the ranges of the first epochs: ours forgets what the
// person did to the axes, so that they follow the data again.
function configure(chart) {
  const home = chart.Plotly.Icons.home;
  const reset = { name: "reset", title: "Reset axes", icon: home, click: () => draw(chart, chart.resets++) };
  return {
    displaylogo: false, displayModeBar: "hover", doubleClick: "autosize", modeBarButtons: [["toImage", reset]],
    toImageButtonOptions: { scale: 2 },
  };
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
  if (!width || !chart.Plotly || !box.isConnected) return;
  const height = data.height + legendHeight(data.figure, width);
  box.style.height = height + "px";
  const figure = structuredClone(data.figure); // Plotly writes what the person hid or zoomed into what it is given
  const theme = readTheme(box);
  outlineMarks(figure.data, theme);
  keepZoom(chart, figure.layout);
  const layout = themedLayout(figure.layout, theme, width, height);
  chart.width = width;
  chart.config ??= configure(chart);
  chart.Plotly.react(plot, figure.data, layout, chart.config).then(() => {
    box.dataset.draws = Number(box.dataset.draws || 0) + 1;
    if (box.dataset.draws === "1") watchZoom(chart);
  });
}

function mount(box) {
  const chart = { box, plot: box.querySelector(".live-chart-plot"), width: 0, resets: 0 };
  chart.observer = new ResizeObserver(() => box.clientWidth !== chart.width && draw(chart));
  chart.observer.observe(box);
  charts.set(box, chart);
  return chart;
}

function unmount(chart) {
  // Streamlit 1.67 calls the clean-up of a call that a newer one has overtaken while the chart stays on the page.
  if (chart.box.isConnected) return;
  chart.observer.disconnect();
  if (chart.Plotly) chart.Plotly.purge(chart.plot);
  charts.delete(chart.box);
}

export default function ({ data, parentElement }) {
  const box = parentElement.querySelector(".live-chart");
  const chart = charts.get(box) || mount(box);
  chart.data = data;
  box.setAttribute("aria-label", data.alt);
  box.style.minHeight = data.height + "px";
  loadPlotly(data.plotly).then(
    (Plotly) => {
      chart.Plotly = Plotly;
      box.classList.remove("live-chart-failed");
      draw(chart);
    },
    () => {
      box.classList.add("live-chart-failed");
      box.querySelector(".live-chart-message").textContent = data.failed;
    },
  );
  return () => setTimeout(() => unmount(chart));
}
