// Cards and codes: pressed, or cards dragged through the slot.
const byId = (id) => document.getElementById(id);
const DRAG_PIXELS = 8;

export function trays(line, send) {
  byId("cards").replaceChildren(...line.cards.map((item) => card(item, send)));
  byId("codes").replaceChildren(...line.codes.map((item) => code(item, send)));
  const [width, height] = line.panel;
  Object.assign(byId("screen"), { width, height });
  byId("screen").style.imageRendering = width < 200 ? "pixelated" : "auto";
}

function words(item) {
  const title = document.createElement("b");
  title.textContent = item.title;
  const hint = document.createElement("small");
  hint.textContent = item.hint;
  return [title, hint];
}

function button(item, name, deed, send) {
  const made = document.createElement("button");
  made.type = "button";
  made.className = name;
  made.dataset.name = item.name;
  made.addEventListener("click", (event) => {
    if (!made.dataset.dragged) send(deed);
    delete made.dataset.dragged;
    event.preventDefault();
  });
  return made;
}

function card(item, send) {
  const deed = { do: "swipe", card: item.name };
  const made = button(item, `card ${item.kind}`, deed, send);
  const place = document.createElement("span");
  place.append(...words(item));
  made.append(document.createElement("i"), place);
  draggable(made, () => send(deed));
  return made;
}

function code(item, send) {
  const made = button(item, "code", { do: "scan", code: item.name }, send);
  const picture = new Image();
  picture.src = `data:image/png;base64,${item.picture}`;
  picture.alt = "";
  made.append(picture, ...words(item));
  return made;
}

function draggable(made, passed) {
  const slot = byId("slot");
  let held = null;
  let start = null;
  const near = (event) => {
    const box = slot.getBoundingClientRect();
    return event.clientX > box.left - 80 && event.clientX < box.right + 80 && event.clientY > box.top - 40 && event.clientY < box.bottom + 40;
  };
  made.addEventListener("pointerdown", (event) => {
    // A finger scrolls the rail; it swipes a card by a tap.
    if (event.button !== 0 || event.pointerType === "touch") return;
    start = event;
    made.setPointerCapture(event.pointerId);
  });
  made.addEventListener("pointermove", (event) => {
    if (!start) return;
    if (!held && Math.hypot(event.clientX - start.clientX, event.clientY - start.clientY) > DRAG_PIXELS) {
      held = made.cloneNode(true);
      held.classList.add("held");
      held.setAttribute("aria-hidden", "true");
      document.body.append(held);
      document.body.classList.add("wanted");
      made.dataset.dragged = "yes";
    }
    if (held) {
      held.style.left = `${event.clientX - 63}px`;
      held.style.top = `${event.clientY - 40}px`;
      slot.classList.toggle("near", near(event));
    }
  });
  const end = (event) => {
    if (held && event.type === "pointerup" && near(event)) {
      slot.classList.add("passed");
      setTimeout(() => slot.classList.remove("passed"), 250);
      passed();
    }
    held?.remove();
    document.body.classList.remove("wanted");
    slot.classList.remove("near");
    held = start = null;
  };
  made.addEventListener("pointerup", end);
  made.addEventListener("pointercancel", end);
}
