// Follows an experiment that trains: asks the server's route for what is new since the last look, and hands it to the
// parts of the page. The page's script runs only where what it draws has changed, and where the route cannot be reached.

const SECOND = 1000;
const APART = { waiting: SECOND / 4, training: SECOND, ended: SECOND };
const APART_AT_FIRST = 0.4 * SECOND; // somebody has just begun to train, and waits
const AT_FIRST = 3 * SECOND;
const APART_WHILE_CLOSED = 10 * SECOND;
const STAGES_APART = 3 * SECOND; // runs may end each second; a run of the page takes the server 20 ms for each viewer
const SPREAD = SECOND / 10; // for each other viewer: all of them see the same change
const LONGEST = 5 * SECOND;
const FAILURES = 3;

const roads = new WeakMap();

// What `patch` (ui/live/patches.py) makes of `old`; what did not change is the same object.
export function patched(old, patch) {
  if ("=" in patch) return patch["="];
  if ("+" in patch) {
    const [start, end, text] = patch["+"];
    return old.slice(0, start) + text + old.slice(old.length - end);
  }
  if ("#" in patch) {
    const list = patch["@"]?.map((place) => old[place]) ?? old.slice(0, patch.n);
    for (const [index, change] of Object.entries(patch["#"])) list[index] = patched(list[index], change);
    return list;
  }
  const object = { ...old };
  for (const name of patch["-"] ?? []) delete object[name];
  for (const [name, change] of Object.entries(patch["~"])) object[name] = patched(old[name], change);
  return object;
}

const wait = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

function seen() {
  if (!document.hidden) return null;
  return new Promise((resolve) => document.addEventListener("visibilitychange", resolve, { once: true }));
}

function hand(before, parts) {
  for (const [name, value] of Object.entries(parts)) {
    if (before?.[name] === value) continue;
    for (const part of document.querySelectorAll(`[data-live="${name}"]`)) part.showLive?.(value);
  }
}

async function look(road) {
  const { view } = road.data;
  const address = new URL(`../../live/${view}?after=${road.version ?? ""}`, import.meta.url);
  const response = await fetch(address, { cache: "no-store", signal: AbortSignal.timeout(LONGEST) });
  if (response.status === 204) return;
  const known = (response.headers.get("content-type") ?? "").startsWith("application/json");
  if (!known || !(response.ok || response.status === 410)) throw new Error(`${response.status} ${address}`);
  const answer = await response.json();
  if (view !== road.data.view) return; // the person looks at something else by now
  if (response.status === 410) { // of an earlier server, or deleted: the page knows which
    road.message = { phase: "gone" };
    return;
  }
  if (answer.from !== undefined && answer.from !== road.version) return;
  const before = road.message?.parts;
  road.message = answer.message ?? patched(road.message, answer.patch);
  road.version = answer.version;
  road.others = answer.viewers - 1;
  hand(before, road.message.parts);
}

// Streamlit draws anew: at once in another phase, else seldom, and not for all viewers in the same moment.
async function compare(road) {
  const { message, data } = road, now = Date.now();
  if (!message || (message.phase === data.phase && message.stage === data.stage)) return;
  const hurried = message.phase !== data.phase && road.asked !== `${message.phase} ${data.view}`;
  if (!hurried && now < (road.next ?? 0)) return;
  road.asked = `${message.phase} ${data.view}`;
  const delay = Math.random() * SPREAD * (road.others ?? 0);
  road.next = now + delay + STAGES_APART;
  await wait(delay);
  road.tell.setTriggerValue("stage", message.stage ?? "gone");
}

function report(road, closed) {
  if (road.data.closed !== closed && road.reported !== closed) road.tell.setStateValue("closed", closed);
  road.reported = closed;
}

function apart(road) {
  if (road.failures >= FAILURES) return APART_WHILE_CLOSED;
  return Date.now() < road.begun + AT_FIRST ? Math.min(APART_AT_FIRST, APART[road.data.phase]) : APART[road.data.phase];
}

async function follow(road) {
  while (road.element.isConnected) {
    try {
      await seen();
      await look(road);
      road.failures = 0;
      report(road, false);
      await compare(road);
    } catch {
      if (++road.failures >= FAILURES) report(road, true);
    }
    await Promise.race([wait(apart(road)), new Promise((resolve) => (road.lookNow = resolve))]);
  }
  roads.delete(road.element);
}

// Begins to follow what `data` names (see live_road.py), or goes on with another view.
export function start(element, data, tell) {
  const road = roads.get(element) ?? { element, failures: 0 };
  const changed = road.data?.view !== data.view;
  if (changed) Object.assign(road, { message: undefined, version: undefined, begun: Date.now() });
  if (road.data?.closed !== data.closed) road.reported = undefined;
  Object.assign(road, { data, tell });
  if (changed) road.lookNow?.();
  if (roads.has(element)) return;
  roads.set(element, road);
  follow(road);
}
