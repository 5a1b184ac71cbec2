// The bench's page: what the counter tells is drawn, what a person does is sent. No state of its own.
import { books, host, message, meters, note, story, switches } from "./panels.js";

const byId = (id) => document.getElementById(id);
const glass = document.querySelector(".glass");
let socket = null;
let waitMs = 250;

export function send(line) {
  if (socket && socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(line));
}

function trouble(text) {
  const place = byId("trouble");
  place.textContent = text;
  place.hidden = !text;
  if (text) setTimeout(() => { if (place.textContent === text) place.hidden = true; }, 6000);
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
  document.body.dataset.screen = "dark";
}

// --- the paper ----------------------------------------------------------------------------

let slip = null;

function strip(line) {
  if (!slip) {
    slip = document.createElement("div");
    slip.className = "slip";
    byId("roll").append(slip);
  }
  const picture = new Image(line.width, line.height);
  picture.src = `data:image/png;base64,${line.png}`;
  picture.alt = "";
  slip.append(picture);
  document.querySelector(".paper-path").scrollTop = 0;
}

function cut() {
  if (slip) slip.dataset.whole = "yes";
  slip = null;
}

function torn() {
  byId("roll").replaceChildren();
  slip = null;
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
  if (event.detail > 0) event.target.closest("button")?.blur();
});
byId("keys").addEventListener("click", (event) => {
  // A click without a pointer comes from a keyboard or a screen reader.
  const key = event.target.closest("[data-key]");
  if (key && event.detail === 0) send({ do: "press", key: key.dataset.key });
});
document.addEventListener("keydown", (event) => {
  if (event.repeat || event.ctrlKey || event.altKey || event.metaKey) return;
  const control = event.target.closest("button, select, summary, input");
  const key = /^[0-9]$/.test(event.key) ? event.key : TYPED[event.key];
  if (!key || (control && (event.key === "Enter" || control.tagName === "SELECT"))) return;
  event.preventDefault();
  send({ do: "press", key });
  const cap = document.querySelector(`[data-key="${key}"]`);
  if (cap) { cap.classList.add("down"); setTimeout(() => cap.classList.remove("down"), 90); }
});

// --- cards and codes ----------------------------------------------------------------------

function trays(line) {
  const card = (item, action) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = action.do === "scan" ? "card code" : "card";
    if (action.do === "swipe" && !/PIN/.test(item.hint)) button.classList.add("odd");
    button.dataset.name = item.name;
    const title = document.createElement("b");
    title.textContent = item.title;
    const hint = document.createElement("small");
    hint.textContent = item.hint;
    button.append(title, hint);
    if (action.do === "swipe") draggable(button, () => send(action));
    button.addEventListener("click", (event) => {
      if (!button.dataset.dragged) send(action);
      delete button.dataset.dragged;
      event.preventDefault();
    });
    return button;
  };
  byId("cards").replaceChildren(...line.cards.map((item) => card(item, { do: "swipe", card: item.name })));
  byId("codes").replaceChildren(...line.codes.map((item) => card(item, { do: "scan", code: item.name })));
}

function draggable(button, passed) {
  const slot = byId("slot");
  let held = null;
  let start = null;
  const near = (event) => {
    const box = slot.getBoundingClientRect();
    return event.clientX > box.left - 70 && event.clientX < box.right + 70 && event.clientY > box.top - 20 && event.clientY < box.bottom + 20;
  };
  button.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    start = event;
    button.setPointerCapture(event.pointerId);
  });
  button.addEventListener("pointermove", (event) => {
    if (!start) return;
    if (!held && Math.hypot(event.clientX - start.clientX, event.clientY - start.clientY) > 8) {
      held = button.cloneNode(true);
      held.classList.add("held");
      held.setAttribute("aria-hidden", "true");
      document.body.append(held);
      button.dataset.dragged = "yes";
    }
    if (held) {
      held.style.left = `${event.clientX - 95}px`;
      held.style.top = `${event.clientY - 28}px`;
      slot.classList.toggle("near", near(event));
    }
  });
  const end = (event) => {
    if (held && event.type === "pointerup" && near(event)) passed();
    held?.remove();
    slot.classList.remove("near");
    held = start = null;
  };
  button.addEventListener("pointerup", end);
  button.addEventListener("pointercancel", end);
}

// --- everything else that can be touched ----------------------------------------------------

const pressed = (button) => button.getAttribute("aria-pressed") === "true";
byId("show-me").addEventListener("click", () => send({ do: document.body.dataset.showing ? "stop-showing" : "show-me" }));
byId("tear").addEventListener("click", () => send({ do: "tear" }));
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

const TAKE = {
  trays, strip, cut, torn, dark, switches, meters, host, books, message, note,
  screen: showScreen,
  frame: showFrame,
  device: (line) => note({ ...line, text: `${line.device}: ${line.state} ${line.detail}`.trim() }),
  print: (line) => note({ ...line, text: `Slip printed: ${line.what}` }),
  stall: (line) => note({ ...line, text: `The loop stood still for ${line.ms} ms` }),
  "sign-on": (line) => note({ ...line, text: line.done ? "Signed on at the bank" : `Sign-on failed: ${line.reason}` }),
  caption: (line) => { byId("caption").textContent = line.text; },
  trouble: (line) => trouble(`${line.text} ${line.remedy}`),
  showing: (line) => {
    if (line.on) document.body.dataset.showing = "yes"; else delete document.body.dataset.showing;
    byId("show-me").textContent = line.on ? "Stop" : "Show me";
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
