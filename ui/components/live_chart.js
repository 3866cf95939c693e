// Brings the drawing module and plotly.js to the page once, and hands each figure to it. This text travels with every
// message (Streamlit 1.67): keep it short; live_chart.py strips these comments.

// The address is relative to the page's folder, so that it holds behind a base path; the folders above it are
// tried too, for a page whose own address ends in a slash.
function addresses(name) {
  const parts = new URL(document.baseURI).pathname.split("/").slice(1, -1);
  const folders = parts.map((_, index) => "/" + parts.slice(0, parts.length - index).join("/") + "/");
  return [...folders, "/"].map((folder) => new URL(folder + "app/static/" + name, document.baseURI).href);
}

// Fetched as text and run from memory: the server sends nosniff, and where the system names .js files
// text/plain (Windows registries do) a plain script element would be refused.
async function fetchScript(name) {
  let failure;
  for (const address of addresses(name)) {
    try {
      const response = await fetch(address);
      if (!response.ok || (response.headers.get("content-type") || "").includes("html")) {
        throw new Error(response.status + " " + address);
      }
      return URL.createObjectURL(new Blob([await response.text()], { type: "text/javascript" }));
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}

// One promise for the whole page, also when several charts ask; a failure is forgotten: the next refresh tries again.
function once(name, start) {
  const known = (window.regularizerLab ??= {});
  return (known[name] ??= start().catch((error) => {
    known[name] = undefined;
    throw error;
  }));
}

export default function ({ data, parentElement }) {
  const box = parentElement.querySelector(".live-chart");
  const drawing = () => once(data.drawing, async () => import(await fetchScript(data.drawing)));
  box.setAttribute("aria-label", data.alt);
  box.style.minHeight = data.height + "px";
  const plotly = (module) => once(data.plotly, async () => module.run(await fetchScript(data.plotly)));
  drawing().then(async (module) => module.show(box, data, await plotly(module))).then(
    () => box.classList.remove("live-chart-failed"),
    () => {
      box.classList.add("live-chart-failed");
      box.querySelector(".live-chart-message").textContent = data.failed;
    },
  );
  return () => setTimeout(() => drawing().then((module) => module.unmount(box)));
}
