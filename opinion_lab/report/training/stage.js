// A new stage stands above the button that opened it: the page and the keyboard go to its first line.
const SECONDS = 5;  // what is drawn late moves the page once more

function render({ model, el }) {
  const line = document.createElement("p");
  line.className = "hint";
  line.tabIndex = -1;
  line.textContent = model.get("says");
  el.append(line);
  let ended = false;
  const end = () => { ended = true; };
  const until = performance.now() + 1000 * SECONDS;
  const hold = (now) => {
    if (ended || now > until) { return; }
    const { top } = line.getBoundingClientRect();
    if (line.isConnected && (top < 0 || top > window.innerHeight / 2)) { line.scrollIntoView({ block: "start" }); }
    if (line.isConnected && document.activeElement !== line) { line.focus({ preventScroll: true }); }
    requestAnimationFrame(hold);
  };
  requestAnimationFrame(hold);
  ["wheel", "keydown", "pointerdown", "touchstart"].forEach((moves) => {
    document.addEventListener(moves, end, { capture: true, once: true });
  });
  return end;
}

export default { render };
