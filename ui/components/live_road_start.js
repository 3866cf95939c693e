export default function ({ data, parentElement, setTriggerValue, setStateValue }) {
const element = parentElement.querySelector("div");
const known = (window.regularizerLab ??= {});
const parts = new URL(document.baseURI).pathname.split("/").slice(1, -1);
const folders = parts.map((_, index) => "/" + parts.slice(0, parts.length - index).join("/") + "/");
const load = async () => {
for (const folder of [...folders, "/"]) {
try { return await import(new URL(folder + "app/static/" + data.road, document.baseURI).href); } catch {}
}
throw new Error("no " + data.road);
};
(known[data.road] ??= load()).then((road) => road.start(element, data, { setTriggerValue, setStateValue }), () => {
known[data.road] = undefined;
if (!data.closed) setStateValue("closed", true);
});
}
