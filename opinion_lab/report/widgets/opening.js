// A number's own link opens its posts: the kernel shows them where this stands, and a button leads back to the number.
function render({ model, el }) {
  const words = document.createElement("p");
  words.className = "hint";
  words.textContent = model.get("says");
  const back = document.createElement("button");
  back.type = "button";
  back.className = "jupyter-widgets jupyter-button widget-button";
  back.textContent = model.get("back");
  back.hidden = true;
  el.append(words, back);
  let from = null;
  const press = (event) => {
    const link = event.target.closest && event.target.closest('a[href^="#posts-"]');
    const notebook = el.closest(".jp-Notebook");
    if (!link || (notebook && !notebook.contains(link))) { return; }
    event.preventDefault();
    event.stopPropagation();
    from = link;
    back.hidden = false;
    model.send(link.hash.slice(1));
    // what opens above the number would be scrolled past: the notebook holds on to what is in view
    const box = el.parentElement;
    const opened = new ResizeObserver(() => {
      el.scrollIntoView({ block: "start" });
      if (box.querySelector(".explorer tbody")) { opened.disconnect(); }
    });
    opened.observe(box);
  };
  back.addEventListener("click", () => { from.scrollIntoView({ block: "center" }); from.focus(); });
  document.addEventListener("click", press, true);
  return () => document.removeEventListener("click", press, true);
}

export default { render };
