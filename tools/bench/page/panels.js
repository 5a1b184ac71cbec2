// The panels at the side: cables, bank, health, story.
const byId = (id) => document.getElementById(id);
export const story = byId("story");
const STORY_MAX = 200;
const SPARKS = 60;
const STALL_MS = 15;
const NAMES = {
  "0100": "Request", "0110": "Answer", "0200": "Request", "0210": "Answer", "0220": "Advice", "0230": "Advice taken", "0320": "Upload", "0330": "Upload taken",
  "0400": "Reversal", "0410": "Reversal answered", "0500": "Settlement", "0510": "Settlement answered", "0620": "Notice", "0630": "Notice taken",
  "0800": "Sign-on", "0810": "Keys and clock", "0820": "Management", "0830": "Management answered",
};

const money = (minor) => (minor / 100).toLocaleString("en-GB", { minimumFractionDigits: 2 });

function cell(row, text, name = "") {
  const place = row.insertCell();
  place.textContent = text;
  place.className = name;
}

function press(button, on, words = "") {
  button.setAttribute("aria-pressed", String(on));
  if (words) button.querySelector("span").textContent = words;
}

export function switches(line) {
  for (const button of document.querySelectorAll("[data-plug]")) press(button, line.plugged[button.dataset.plug]);
  press(byId("cover"), line.cover, line.cover ? "Cover" : "Close it");
  press(byId("paper"), line.paper, line.paper ? "Paper" : "New roll");
  byId("ending").disabled = line.ending || !line.paper;
  press(byId("power"), line.power, line.power ? "Cut the power" : "Power on");
  document.querySelector(`[name=network][value=${line.network}]`).checked = true;
}

export function host(line) {
  const ledger = byId("ledger").tBodies[0];
  ledger.replaceChildren();
  for (const entry of [...line.ledger].reverse()) {
    const row = ledger.insertRow();
    const undone = entry.state !== "declined" && entry.amount_minor > 0 && entry.charged_minor === 0 ? " undone" : "";
    cell(row, entry.stan);
    cell(row, `${entry.kind} ${entry.state}`);
    cell(row, money(entry.amount_minor), `amount${undone}`);
    cell(row, money(entry.charged_minor), "amount");
  }
  if (!line.ledger.length) cell(ledger.insertRow(), "–");
  const accounts = byId("accounts").tBodies[0];
  accounts.replaceChildren();
  for (const account of line.accounts) {
    const row = accounts.insertRow();
    cell(row, account.name);
    cell(row, `…${account.pan.slice(-4)}`);
    cell(row, money(account.balance_minor), "amount");
  }
}

export function books(line) {
  const place = byId("books-say");
  const equal = line.faults.length === 0;
  place.className = equal ? "verdict equal" : "verdict differ";
  const sums = `Terminal: ${line.terminal[0]} for ${money(line.terminal[1])}. Bank: ${line.host[0]} for ${money(line.host[1])}.`;
  place.textContent = `${equal ? "✓ The books are equal." : "✕ " + line.faults.join(" ")} ${sums}`;
}

function add(item) {
  story.prepend(item);
  while (story.children.length > STORY_MAX) story.lastChild.remove();
}

function entry(line, ...parts) {
  const item = document.createElement("li");
  const time = document.createElement("time");
  const at = new Date(line.at * 1000);
  time.dateTime = at.toISOString();
  time.textContent = at.toLocaleTimeString("en-GB");
  const words = document.createElement("div");
  words.append(...parts);
  item.append(time, words);
  return item;
}

export function note(line) {
  add(entry(line, line.text));
}

// A message opens to its elements, masked by the terminal itself before they left its process.
export function message(line) {
  const shown = Object.fromEntries(line.rows.map(([element, , , value]) => [element, value]));
  const out = line.direction === "out";
  const tag = document.createElement("span");
  tag.className = out ? "tag" : shown[39] && shown[39] !== "00" ? "tag refused" : "tag in";
  tag.textContent = out ? `${line.mti} →` : `← ${line.mti}`;
  const head = document.createElement("summary");
  head.append(tag, [NAMES[line.mti] ?? "Message", shown[39] ? `: ${shown[39]}` : ""].join(""));
  const table = document.createElement("table");
  for (const [element, english, chinese, value] of line.rows) {
    const row = table.insertRow();
    cell(row, element);
    cell(row, `${english} ${chinese}`);
    cell(row, value);
  }
  const fold = document.createElement("details");
  fold.append(head, table);
  add(entry(line, fold));
}

const sparks = [];

export function meters(line) {
  const mebi = line.memory / 1048576;
  byId("memory").textContent = line.memory ? `${mebi.toFixed(0)} MiB` : "–";
  byId("memory-bar").value = mebi;
  byId("loop").textContent = line.memory ? `${line.now_ms.toFixed(1)} ms` : "–";
  sparks.push(Math.min(line.now_ms, 22));
  while (sparks.length > SPARKS) sparks.shift();
  // 15 ms is the dashed line at a third of the height.
  byId("spark").setAttribute("points", sparks.map((ms, index) => `${(index + SPARKS - sparks.length) * 120 / (SPARKS - 1)},${(29 - ms * 19 / STALL_MS).toFixed(1)}`).join(" "));
  byId("meters").textContent = line.stalls
    ? `${line.stalls} stalls above ${STALL_MS} ms, the longest ${line.longest_ms} ms.`
    : `The loop has never stood still for ${STALL_MS} ms.`;
}
