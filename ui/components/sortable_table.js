// A table that a press on a column's head sorts; the order stays while new data arrive.

const orders = new WeakMap();

function sort(table) {
  const { column, rising } = orders.get(table) ?? {};
  table.querySelectorAll("thead th").forEach((head, place) => {
    head.setAttribute("aria-sort", place === column ? (rising ? "ascending" : "descending") : "none");
  });
  if (column === undefined) return;
  const value = (row) => row.cells[column].dataset.sort ?? "";
  const sign = rising ? 1 : -1;
  const compare = (a, b) => (a === "") - (b === "") || sign * (isNaN(a) || isNaN(b) ? a.localeCompare(b) : a - b);
  const body = table.tBodies[0];
  body.append(...[...body.rows].sort((a, b) => compare(value(a), value(b))));
}

function show(table, html) {
  if (table.dataset.html !== html) {
    const active = table.contains(document.activeElement) && document.activeElement.closest("tr").dataset.labVariant;
    const head = [...table.querySelectorAll("thead button")].indexOf(document.activeElement);
    table.dataset.html = table.innerHTML = html;
    table.querySelectorAll("thead button")[head]?.focus({ preventScroll: true });
    if (active) table.querySelector(`[data-lab-variant="${active}"]`)?.focus({ preventScroll: true }); // by keyboard
    table.querySelectorAll("thead button").forEach((button, place) => {
      button.onclick = () => {
        const before = orders.get(table);
        orders.set(table, { column: place, rising: before?.column === place ? !before.rising : true });
        sort(table);
      };
    });
  }
  sort(table);
}

export default function ({ data, parentElement }) {
  const table = parentElement.querySelector(".sortable-table");
  table.dataset.live = data.live;
  table.showLive = (html) => show(table, html);
  show(table, data.html);
}
