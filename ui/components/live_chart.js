// Brings the drawing module and plotly.js to the page once, and hands each figure to it. This text travels with every
// message (Streamlit 1.67): keep it short; live_chart.py strips these comments.

// The address is relative to the page's folder, so that it holds behind a base path; the folders above it are
// tried too, for a page whose own address ends in a slash.
function addresses(name) {
  const parts = new URL(document.baseURI).pathname.split("/").slice(1, -1);
  const folders = parts.map((_, index) => "/" + parts.slice(0, parts.length - index).join("/") + "/");
  return [...folders, "/"].map((folder) => new URL(folder + "app/static/" + name, document.baseURI).href);
}

// One promise for the whole page, also when several charts ask; a failure is forgotten: the next refresh tries again.
function once(name, load) {
  const known = (window.regularizerLab ??= {});
  return (known[name] ??= (async () => {
    let failure;
    for (const address of addresses(name)) {
      try {
        return await load(address);
      } catch (error) {
        failure = error;
      }
    }
    throw failure;
  })().catch((error) => {
    known[name] = undefined;
    throw error;
  }));
}

export default function ({ data, parentElement }) {
  const box = parentElement.querySelector(".live-chart");
  const drawing = () => once(data.drawing, (address) => import(address));
  const show = (data) => {
    box.setAttribute("aria-label", data.alt);
    box.style.minHeight = data.height + "px";
    Promise.all([drawing(), drawing().then((module) => once(data.plotly, module.run))]).then(
      ([module, plotly]) => {
        box.classList.remove("live-chart-failed");
        module.show(box, data, plotly);
      },
    ).catch(() => {
      box.classList.add("live-chart-failed");
      box.querySelector(".live-chart-message").textContent = data.failed;
    });
  };
  box.dataset.live = data.live;
  box.showLive = (newer) => show({ ...data, ...newer });
  show(data);
  return () => setTimeout(() => drawing().then((module) => module.unmount(box)));
}
