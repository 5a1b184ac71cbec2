// What the beeper of the terminal is told, made audible; silent until somebody asks for it.
let context = null;
let playing = null;

export function toggle(button) {
  const on = button.getAttribute("aria-pressed") !== "true";
  button.setAttribute("aria-pressed", String(on));
  if (on) context ??= new AudioContext();
  else silence();
  context?.[on ? "resume" : "suspend"]();
}

function silence() {
  playing?.stop();
  playing = null;
}

export function tone(line) {
  silence();
  if (!context || context.state !== "running" || !line.hertz) return;
  const volume = new GainNode(context, { gain: 0.08 });
  playing = new OscillatorNode(context, { type: "square", frequency: line.hertz });
  playing.connect(volume).connect(context.destination);
  playing.start();
}
