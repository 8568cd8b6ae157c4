// A new stage stands above the button that opened it: the page and the keyboard go to its first line.
function render({ model, el }) {
  const line = document.createElement("p");
  line.className = "hint";
  line.tabIndex = -1;
  line.textContent = model.get("says");
  el.append(line);
  const top = () => line.scrollIntoView({ block: "start" });
  // what is drawn after it moves the page: it stays in view until the reader moves
  const drawn = new ResizeObserver(top);
  const done = () => drawn.disconnect();
  requestAnimationFrame(() => {
    line.focus({ preventScroll: true });
    top();
    drawn.observe(el.parentElement);
  });
  const moves = ["wheel", "keydown", "pointerdown", "touchstart"];
  moves.forEach((move) => document.addEventListener(move, done, { capture: true, once: true }));
  return done;
}

export default { render };
