// The panels at the side: cables, bank, story, meters.
const byId = (id) => document.getElementById(id);
export const story = byId("story");
const STORY_MAX = 200;

const money = (minor) => (minor / 100).toFixed(2);

function cell(row, text, name = "") {
  const place = row.insertCell();
  place.textContent = text;
  place.className = name;
}

function press(button, on) {
  button.setAttribute("aria-pressed", String(on));
}

export function switches(line) {
  for (const button of document.querySelectorAll("[data-plug]")) press(button, line.plugged[button.dataset.plug]);
  press(byId("cover"), line.cover);
  byId("cover").textContent = line.cover ? "Cover closed" : "Cover open";
  press(byId("paper"), line.paper);
  byId("paper").textContent = line.paper ? "Paper" : "Put in a new roll";
  byId("ending").disabled = line.ending || !line.paper;
  press(byId("power"), line.power);
  byId("power").textContent = line.power ? "Cut the power" : "Power on";
  byId("network").value = line.network;
}

export function host(line) {
  const rows = byId("ledger").tBodies[0];
  rows.replaceChildren();
  for (const entry of [...line.ledger].reverse()) {
    const row = rows.insertRow();
    cell(row, entry.stan);
    cell(row, `${entry.kind} ${entry.state}`);
    cell(row, money(entry.amount_minor), "amount");
    cell(row, money(entry.charged_minor), "amount");
  }
}

export function books(line) {
  const place = byId("books-say");
  const equal = line.faults.length === 0;
  place.className = equal ? "equal" : "differ";
  const sums = `Terminal: ${line.terminal[0]} for ${money(line.terminal[1])}. Bank: ${line.host[0]} for ${money(line.host[1])}.`;
  place.textContent = `${equal ? "✓ The books are equal." : "✕ " + line.faults.join(" ")} ${sums}`;
}

function add(item) {
  story.prepend(item);
  while (story.children.length > STORY_MAX) story.lastChild.remove();
}

function entry(line) {
  const item = document.createElement("li");
  const time = document.createElement("time");
  const at = new Date(line.at * 1000);
  time.dateTime = at.toISOString();
  time.textContent = at.toLocaleTimeString("en-GB");
  item.append(time);
  return item;
}

export function note(line) {
  const item = entry(line);
  item.append(line.text);
  add(item);
}

// A message opens to its elements, masked by the terminal itself before they left its process.
export function message(line) {
  const item = entry(line);
  const fold = document.createElement("details");
  const head = document.createElement("summary");
  head.textContent = `${line.direction === "out" ? "→ to the bank" : "← from the bank"} ${line.mti}`;
  const table = document.createElement("table");
  for (const [element, english, chinese, shown] of line.rows) {
    const row = table.insertRow();
    cell(row, element);
    cell(row, `${english} ${chinese}`);
    cell(row, shown);
  }
  fold.append(head, table);
  item.append(fold);
  add(item);
}

export function meters(line) {
  const memory = line.memory ? `${(line.memory / 1048576).toFixed(0)} MiB` : "–";
  byId("meters").textContent = `Terminal: ${memory} of memory; ${line.stalls} stalls above 15 ms, the longest ${line.longest_ms} ms.`;
}
