// The paper: it comes out of the mouth line by line, is cut, and is torn off.
const roll = document.getElementById("roll");
const path = document.querySelector(".paper-path");
const still = matchMedia("(prefers-reduced-motion: reduce)");
const OUT_MS = 260;
let slip = null;

export function strip(line) {
  if (!slip) {
    slip = document.createElement("div");
    slip.className = "slip";
    roll.append(slip);
    document.body.classList.add("has-paper");
  }
  const picture = new Image(line.width, line.height);
  picture.src = `data:image/png;base64,${line.png}`;
  picture.alt = "";
  slip.append(picture);
  path.scrollTop = 0;
  const height = picture.getBoundingClientRect().height;
  if (!still.matches) picture.animate([{ marginBottom: `${-height}px` }, { marginBottom: 0 }], { duration: OUT_MS, easing: "linear" });
}

export function cut() {
  if (slip) slip.dataset.whole = "yes";
  slip = null;
}

export function torn() {
  const taken = [...roll.children];
  slip = null;
  document.body.classList.remove("has-paper");
  roll.replaceChildren();
  if (still.matches || !taken.length) return;
  const away = document.createElement("div");
  const box = path.getBoundingClientRect();
  Object.assign(away.style, { position: "fixed", zIndex: 7, width: `${box.width}px`, left: `${box.left}px`, bottom: `${innerHeight - box.bottom}px`, pointerEvents: "none" });
  away.setAttribute("aria-hidden", "true");
  away.append(...taken.slice(-1).map((one) => { const copy = one.cloneNode(true); copy.className = "torn"; return copy; }));
  document.body.append(away);
  away.animate([{ transform: "none", opacity: 1 }, { transform: "translate(30px, -110px) rotate(7deg)", opacity: 0 }], { duration: 420, easing: "ease-in" })
    .finished.finally(() => away.remove());
}
