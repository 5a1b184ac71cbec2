// The bench's page: what the counter tells is drawn, what a person does is sent. No state of its own.
import { books, host, message, meters, note, story, switches } from "./panels.js";
import { cut, strip, torn } from "./paper.js";
import { toggle, tone } from "./sound.js";
import { trays } from "./tray.js";

const byId = (id) => document.getElementById(id);
const glass = document.querySelector(".glass");
const TROUBLE_MS = 6000;
let socket = null;
let waitMs = 250;

function send(line) {
  if (socket && socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(line));
}

function trouble(text) {
  const place = byId("trouble");
  place.textContent = text;
  place.hidden = !text;
  if (text) setTimeout(() => { if (place.textContent === text) place.hidden = true; }, TROUBLE_MS);
}

function caption(text) {
  byId("caption").textContent = text;
  byId("caption").hidden = !text;
}

// --- the screen ---------------------------------------------------------------------------

function spoken(screen) {
  const menu = screen.menu.map((item) => `${item.key} ${item.label}`);
  const typed = screen.entry === null ? [] : [screen.entry];
  return [screen.title, screen.amount, screen.instruction, ...typed, ...menu, ...screen.lines].filter(Boolean).join("\n");
}

function showScreen(screen) {
  const words = spoken(screen);
  if (byId("spoken").textContent !== words) byId("spoken").textContent = words;
  byId("screen").alt = words;
  document.body.dataset.screen = screen.name;
  glass.classList.remove("dark");
}

function showFrame(frame) {
  byId("screen").src = `data:image/png;base64,${frame.png}`;
  byId("screen").dataset.name = frame.name;
}

function dark() {
  glass.classList.add("dark");
  byId("spoken").textContent = "No power";
  byId("customer").textContent = " ";
  document.body.dataset.screen = "dark";
}

// --- keys ---------------------------------------------------------------------------------

const TYPED = { Enter: "enter", Backspace: "clear", Delete: "clear", Escape: "cancel", "*": "star", "#": "hash", ArrowUp: "up", ArrowDown: "down" };

byId("keys").addEventListener("pointerdown", (event) => {
  const key = event.target.closest("[data-key]");
  if (key && event.button === 0) send({ do: "press", key: key.dataset.key });
});
// A mouse leaves the focus where it is, so that Enter on the keyboard stays the terminal's green key.
byId("keys").addEventListener("mousedown", (event) => event.preventDefault());
document.addEventListener("click", (event) => {
  if (event.detail > 0) event.target.closest("button, input")?.blur();
});
byId("keys").addEventListener("click", (event) => {
  // A click without a pointer comes from a keyboard or a screen reader.
  const key = event.target.closest("[data-key]");
  if (key && event.detail === 0) send({ do: "press", key: key.dataset.key });
});
document.addEventListener("keydown", (event) => {
  if (event.repeat || event.ctrlKey || event.altKey || event.metaKey) return;
  const control = event.target.closest("button, select, summary, input, .story");
  const key = /^[0-9]$/.test(event.key) ? event.key : TYPED[event.key];
  // Enter and the arrows belong to the control that has the focus; a list takes letters and digits as well.
  if (!key || (control && (event.key === "Enter" || event.key.startsWith("Arrow") || control.tagName === "SELECT"))) return;
  event.preventDefault();
  send({ do: "press", key });
  const cap = document.querySelector(`[data-key="${key}"]`);
  if (cap) { cap.classList.add("down"); setTimeout(() => cap.classList.remove("down"), 90); }
});

// --- everything else that can be touched ----------------------------------------------------

const pressed = (button) => button.getAttribute("aria-pressed") === "true";
byId("show-me").addEventListener("click", () => send({ do: document.body.dataset.showing ? "stop-showing" : "show-me" }));
byId("sound").addEventListener("click", (event) => toggle(event.currentTarget));
byId("tear").addEventListener("click", () => send({ do: "tear" }));
byId("roll").addEventListener("click", () => send({ do: "tear" }));
byId("power").addEventListener("click", (event) => send({ do: "power", on: !pressed(event.currentTarget) }));
byId("books").addEventListener("click", () => send({ do: "books" }));
byId("ending").addEventListener("click", () => send({ do: "paper", what: "ending" }));
byId("cover").addEventListener("click", (event) => send({ do: "paper", what: pressed(event.currentTarget) ? "open" : "closed" }));
byId("paper").addEventListener("click", (event) => send({ do: "paper", what: pressed(event.currentTarget) ? "out" : "new" }));
byId("network").addEventListener("change", (event) => send({ do: "network", mode: event.target.value }));
byId("fault").addEventListener("change", (event) => {
  const [fault, code] = event.target.value.split(":");
  send({ do: "next-answer", fault, ...(code ? { code } : {}) });
});
for (const button of document.querySelectorAll("[data-plug]")) {
  button.addEventListener("click", () => send({ do: "plug", device: button.dataset.plug, plugged: !pressed(button) }));
}

// --- the line to the counter ----------------------------------------------------------------

const DEVICES = { msr: "reader" };
const TAKE = {
  strip, cut, torn, tone, dark, switches, meters, host, books, note,
  message: (line) => {
    message(line);
    // What was ordered for the next payment is used up by it.
    if (line.mti === "0200" && line.direction === "out") byId("fault").value = "none";
  },
  trays: (line) => trays(line, send),
  screen: showScreen,
  frame: showFrame,
  customer: (line) => { byId("customer").textContent = line.rows.join("\n") || " "; },
  device: (line) => note({ ...line, text: `${DEVICES[line.device] ?? line.device}: ${line.state} ${line.detail}`.trim() }),
  print: (line) => note({ ...line, text: `Slip printed: ${line.what}` }),
  "sign-on": (line) => note({ ...line, text: line.done ? "Signed on at the bank" : `Sign-on failed: ${line.reason}` }),
  caption: (line) => caption(line.text),
  trouble: (line) => trouble(`${line.text} ${line.remedy}`),
  showing: (line) => {
    if (line.on) document.body.dataset.showing = "yes"; else delete document.body.dataset.showing;
    byId("show-me").querySelector("span").textContent = line.on ? "Stop" : "Show me";
    if (!line.on) setTimeout(() => { if (!document.body.dataset.showing) caption(""); }, TROUBLE_MS);
  },
};

function connect() {
  socket = new WebSocket(`ws://${location.host}/counter`);
  socket.onopen = () => { waitMs = 250; trouble(""); torn(); story.replaceChildren(); document.body.dataset.connected = "yes"; };
  socket.onmessage = (event) => { const line = JSON.parse(event.data); TAKE[line.type]?.(line); };
  socket.onclose = () => {
    delete document.body.dataset.connected;
    dark();
    trouble("The bench has gone. Start it again: countertop bench");
    setTimeout(connect, waitMs);
    waitMs = Math.min(waitMs * 2, 5000);
  };
}

connect();
