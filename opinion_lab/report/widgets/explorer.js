// One page of rows, facets, bars and one opened post. Every text is put in place as text, never as markup.
function make(tag, given, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(given || {})) {
    if (name.startsWith("on")) { node.addEventListener(name.slice(2), value); }
    else if (value === true) { node.setAttribute(name, ""); }
    else if (value !== false && value !== null && value !== undefined) { node.setAttribute(name, value); }
  }
  node.append(...children.filter((c) => c !== null && c !== undefined));
  return node;
}

const SVG = "http://www.w3.org/2000/svg";
const safe = (url) => /^https?:\/\//i.test(url || "");

function render({ model, el }) {
  const say = model.get("labels");
  const root = make("section", { class: "explorer", "aria-label": say.search });
  el.append(root);
  let timer = null;

  function choose(change) {
    model.set("choice", { ...model.get("choice"), page: 0, ...change });
    model.save_changes();
    wait();
  }
  function ask(message) { model.send(message); wait(); }
  function wait() {
    root.setAttribute("aria-busy", "true");
    clearTimeout(timer);
    timer = setTimeout(() => { status.textContent = say.busy; }, 800);
  }
  function ready() {
    clearTimeout(timer);
    root.removeAttribute("aria-busy");
    status.textContent = model.get("screen").line || "";
  }

  // --- what can be asked for --------------------------------------------------------------------------------------
  const words = make("input", { type: "search", placeholder: say.example, "aria-label": say.search });
  let composing = false;
  let pause = null;
  const search = () => { clearTimeout(pause); choose({ words: words.value }); };
  words.addEventListener("compositionstart", () => { composing = true; });
  words.addEventListener("compositionend", () => { composing = false; later(); });
  const later = () => { clearTimeout(pause); if (!composing) { pause = setTimeout(search, 400); } };
  words.addEventListener("input", later);
  words.addEventListener("keydown", (e) => { e.stopPropagation(); if (e.key === "Enter" && !composing) { search(); } });
  const clear = () => { words.value = ""; model.set("choice", {}); model.save_changes(); wait(); };
  const button = (text, press, more) => make("button", { type: "button", onclick: press, ...more }, text);
  const status = make("p", { class: "line", role: "status" });
  const alert = make("p", { class: "alert", role: "alert" });
  const bars = make("div", { class: "bars" });
  const facets = make("div", { class: "facets" });
  const table = make("div", { class: "rows", tabindex: "0" });
  const pager = make("nav", { class: "pager" });
  const opened = make("article", { class: "opened", tabindex: "-1", hidden: true });
  root.append(
    make("div", { class: "bar" }, words, button(say.clear, clear), button(say.csv, () => ask({ do: "csv" })),
      button(say.excel, () => ask({ do: "excel" }))),
    status, alert, bars, opened, make("div", { class: "body" }, facets, make("div", { class: "main" }, table, pager)),
  );

  // --- bars -------------------------------------------------------------------------------------------------------
  const zoned = (seconds) => new Date(seconds * 1000).toLocaleString("zh-CN", { timeZone: say.zone, hour12: false });
  function drawBars() {
    const { start, step, n } = model.get("screen").bars;
    bars.replaceChildren();
    if (!n.length) { return; }
    const most = Math.max(...n, 1);
    const chart = document.createElementNS(SVG, "svg");
    chart.setAttribute("viewBox", `0 0 ${n.length} 40`);
    chart.setAttribute("preserveAspectRatio", "none");
    chart.setAttribute("role", "img");
    chart.setAttribute("aria-label", say.chart);
    const { since, until } = model.get("choice");
    n.forEach((height, i) => {
      const bar = document.createElementNS(SVG, "rect");
      const at = start + i * step;
      const tall = height ? Math.max((38 * height) / most, 0.8) : 0;
      const inside = (since === undefined || since === null || at + step > since) && (!until || at < until);
      Object.entries({ x: i + 0.08, y: 40 - tall, width: 0.84, height: tall, class: inside ? "in" : "out" })
        .forEach(([k, v]) => bar.setAttribute(k, v));
      chart.append(bar);
    });
    const hint = make("p", { class: "hint" }, say.chart);
    const place = (e) => {
      const box = chart.getBoundingClientRect();
      return Math.min(n.length - 1, Math.max(0, Math.floor(((e.clientX - box.left) / box.width) * n.length)));
    };
    let from = null;
    chart.addEventListener("pointerdown", (e) => { from = place(e); chart.setPointerCapture(e.pointerId); });
    chart.addEventListener("pointermove", (e) => {
      const to = place(e);
      hint.textContent = `${zoned(start + to * step)}　${n[to]}`;
      if (from === null) { return; }
      const [a, b] = [Math.min(from, to), Math.max(from, to)];
      chart.querySelectorAll("rect").forEach((bar, i) => bar.setAttribute("class", i >= a && i <= b ? "in" : "out"));
    });
    chart.addEventListener("pointerleave", () => { hint.textContent = say.chart; });
    chart.addEventListener("pointerup", (e) => {
      const [a, b] = [Math.min(from, place(e)), Math.max(from, place(e))];
      from = null;
      choose({ since: start + a * step, until: start + (b + 1) * step });
    });
    // the same by keyboard; a time is one of the lab's zone
    const local = (seconds) => {
      const parts = new Intl.DateTimeFormat("sv-SE", { timeZone: say.zone, dateStyle: "short", timeStyle: "short" });
      return parts.format(new Date(seconds * 1000)).replace(" ", "T");
    };
    const seconds = (text) => {
      const guess = Date.parse(`${text}:00Z`) / 1000;
      return guess - (Date.parse(`${local(guess)}:00Z`) / 1000 - guess);
    };
    const time = (name, value) => make("label", {}, say[name], make("input", {
      type: "datetime-local", value: local(value), onkeydown: (e) => e.stopPropagation(),
      onchange: (e) => { if (e.target.value) { choose({ [name]: seconds(e.target.value) }); } },
    }));
    const low = since ?? start;
    const high = until ?? start + n.length * step;
    bars.append(chart, make("div", { class: "times" }, time("since", low), time("until", high), hint));
  }

  // --- facets -----------------------------------------------------------------------------------------------------
  function drawFacets() {
    const closed = new Set([...facets.querySelectorAll("details:not([open])")].map((d) => d.dataset.name));
    const narrow = !facets.childElementCount && root.clientWidth > 0 && root.clientWidth < 660;  // folded at first
    const focus = document.activeElement && document.activeElement.dataset ? document.activeElement.dataset.key : null;
    facets.replaceChildren();
    const chosen = model.get("choice").facets || {};
    for (const [name, values] of Object.entries(model.get("screen").facets)) {
      if (values.length < 2 && !(chosen[name] || []).length) { continue; }
      const boxes = values.map(([value, text, n]) => {
        const ticked = (chosen[name] || []).includes(value);
        const toggle = () => {
          const now = new Set((model.get("choice").facets || {})[name] || []);
          if (now.has(value)) { now.delete(value); } else { now.add(value); }
          choose({ facets: { ...(model.get("choice").facets || {}), [name]: [...now] } });
        };
        const box = make("input", { type: "checkbox", onchange: toggle, "data-key": `${name}/${value}` });
        box.checked = ticked;
        return make("label", {}, box, make("span", { class: "value" }, text), make("span", { class: "n" }, n.toLocaleString()));
      });
      facets.append(make("details", { open: !narrow && !closed.has(name), "data-name": name },
        make("summary", {}, say.facets[name]), ...boxes));
    }
    const again = focus && [...facets.querySelectorAll("input")].find((i) => i.dataset.key === focus);
    if (again) { again.focus(); }
  }

  // --- rows -------------------------------------------------------------------------------------------------------
  const number = (value) => (typeof value === "number" ? value.toLocaleString() : value ?? "");
  function drawRows() {
    const { rows, page, pages } = model.get("screen");
    const { sort = "published_at", descending = true } = model.get("choice");
    const shown = say.shown.filter((name) => rows.some((row) => row[name] !== null && row[name] !== undefined));
    const heads = shown.map((name) => {
      const sorted = name === sort ? (descending ? "descending" : "ascending") : null;
      const press = () => choose({ sort: name, descending: name === sort ? !descending : true });
      const mark = sorted ? (descending ? " ▼" : " ▲") : "";
      const head = say.sorts.includes(name) ? button(say.columns[name] + mark, press) : say.columns[name];
      return make("th", { scope: "col", "aria-sort": sorted, class: name }, head);
    });
    const lines = rows.map((row) => {
      const open = () => ask({ do: "open", post_id: row.post_id });
      const cells = shown.map((name) => make("td", { class: name, translate: name === "text" ? "no" : null },
        name === "text" ? button(row.text || row.post_id, open, { class: "open" }) : number(row[name])));
      return make("tr", {}, ...cells);
    });
    table.replaceChildren(rows.length
      ? make("table", {}, make("thead", {}, make("tr", {}, ...heads)), make("tbody", {}, ...lines))
      : make("p", {}, say.nothing));
    const turn = (to) => choose({ page: to });
    pager.replaceChildren(
      button(say.previous, () => turn(page - 1), { disabled: page === 0 }),
      make("span", {}, say.of.replace("{page}", page + 1).replace("{pages}", pages)),
      button(say.next, () => turn(page + 1), { disabled: page + 1 >= pages }),
    );
    if (model.get("choice").story_id) { pager.append(button(say.every, () => choose({ story_id: "" }))); }
  }

  // --- one post ---------------------------------------------------------------------------------------------------
  let role = say.role_now;
  function hands(post) {
    const who = make("input", { value: role, size: 8, onkeydown: (e) => e.stopPropagation(), oninput: (e) => { role = e.target.value; } });
    const why = make("input", { size: 24, onkeydown: (e) => e.stopPropagation() });
    const send = (action, more) => ask({ do: action, post_id: post.post_id, story_id: post.story_id, who: who.value, why: why.value, ...more });
    const field = (hint) => make("input", { placeholder: hint, "aria-label": hint, onkeydown: (e) => e.stopPropagation() });
    // none is chosen at first: a hasty press confirms no level
    const levels = make("select", { "aria-label": say.level }, ...["", ...say.levels].map((l) => make("option", { value: l }, l)));
    const title = field(say.rename_hint);
    const other = field(say.merge_hint);
    const line = (...parts) => make("div", { class: "line-of" }, ...parts);
    return make("div", { class: "hands" },
      line(make("label", {}, say.role, who), make("label", {}, say.why, why), button(say.undo, () => send("undo"))),
      line(button(say.relevant, () => send("label", { value: "relevant" })),
        button(say.irrelevant, () => send("label", { value: "irrelevant" })),
        post.story_id ? button(say.split, () => send("split")) : null),
      post.story_id ? line(levels, button(say.level, () => send("level", { value: levels.value })),
        title, button(say.rename, () => send("rename", { value: title.value })),
        other, button(say.merge, () => send("merge", { into: other.value }))) : null);
  }
  function drawOpened() {
    const post = model.get("opened");
    opened.hidden = !post.post_id;
    opened.replaceChildren();
    if (!post.post_id) { return; }
    const list = (name) => {
      const rows = post[name].map((row) => make("li", {},
        make("span", { class: "at" }, `${row.published_at}　${row.platform}　`),
        button(row.text, () => ask({ do: "open", post_id: row.post_id }), { class: "open", translate: "no" })));
      const n = post[`n_${name}`];
      const more = n > rows.length ? make("p", { class: "hint" }, say.more) : null;
      return n ? make("details", { open: true }, make("summary", {}, `${say[name]}（${n}）`), make("ol", {}, ...rows), more) : null;
    };
    const story = post.story_id
      ? make("p", { class: "of-story" }, `${say.story}：${post.story}（${post.story_id}，${number(post.story_posts)}${say.posts}） `,
        button(say.only, () => choose({ story_id: post.story_id })))
      : say.decides ? make("p", { class: "of-story" }, say.alone) : null;
    const about = [post.published_at, post.platform, post.author, post.author_kind, post.form].filter(Boolean).join("　");
    opened.append(...[
      button(say.close, () => { opened.hidden = true; table.focus(); }, { class: "close" }),
      make("p", { class: "at" }, about),
      post.title ? make("h4", { translate: "no" }, post.title) : null,
      make("p", { class: "whole", translate: "no" }, post.whole),
      post.quoted ? make("blockquote", { translate: "no" }, post.quoted) : null,
      make("p", { class: "hint" }, `${post.post_id}　`, safe(post.url)
        ? make("a", { href: post.url, target: "_blank", rel: "noopener noreferrer" }, say.link) : null),
      story, say.decides ? hands(post) : null, list("above"), list("below"), list("copies"),
    ].filter(Boolean));
    opened.focus({ preventScroll: false });
  }

  function draw() { drawBars(); drawFacets(); drawRows(); ready(); }
  model.on("change:screen", () => { alert.textContent = ""; draw(); });
  model.on("change:opened", () => { drawOpened(); ready(); });
  model.on("change:notice", () => {
    const { text, wrong } = model.get("notice");
    alert.textContent = text;
    alert.classList.toggle("wrong", wrong);
    ready();
  });
  model.on("msg:custom", (message, buffers) => {
    if (!message.file) { return; }
    const link = make("a", { download: message.file, href: URL.createObjectURL(new Blob(buffers, { type: message.type })) });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
    ready();
  });
  words.value = model.get("choice").words || "";
  draw();
  drawOpened();
}

export default { render };
