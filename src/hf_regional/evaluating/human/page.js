// Comes in: STYLE, `element`, and `server` with welcome, open_sheet, rate, picture. What users and models wrote goes in as text, never as HTML.
if (!document.getElementById("rating-style")) document.head.append(Object.assign(document.createElement("style"), { id: "rating-style", textContent: STYLE }));
const root = element.querySelector("#rating");
const home = new URL(location.href);
const CANNOT = "?";
const state = { welcome: null, language: "en", sheet: null, marks: {}, at: 0, trouble: "" };
const pictures = new Map();
const waiting = new Map(); // row|criterion -> rating that is not on the server's disk yet
let sending = false;
let pause = 1000;

// ---- small things
const h = (tag, attributes, ...children) => {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return node;
};
const words = () => state.welcome.words[state.language] || state.welcome.words.en;
const say = (name, values) => words()[name].replace(/\{(\w+)\}/g, (_, key) => new Intl.NumberFormat(state.language).format(values[key]));
const remember = (name, value) => {
  if (value === null) home.searchParams.delete(name);
  else home.searchParams.set(name, value);
  history.replaceState(history.state, "", home);
};
const country = (code) => (state.welcome.countries[state.language] || state.welcome.countries.en)[code] || code;
const language_name = (code) => {
  try { return new Intl.DisplayNames([code, "en"], { type: "language" }).of(code) || code; } catch { return code; }
};

// ---- marks
const mark_of = (row, criterion) => (state.marks[row] || {})[criterion];
const is_done = (turn) => turn.outputs.every((shown) => state.welcome.criteria.every((name) => mark_of(shown.row, name) !== undefined));
const open_turns = () => state.sheet.turns.filter((turn) => !is_done(turn));
const store = () => `hf-regional-rating:${state.welcome.sheet}:${state.sheet.rater}`;
const keep = () => {
  try {
    if (waiting.size) localStorage.setItem(store(), JSON.stringify([...waiting.values()]));
    else localStorage.removeItem(store());
  } catch { /* a browser that keeps nothing: the ratings are still in memory, and the page warns before it closes */ }
};
const rate = (row, criterion, mark) => {
  state.marks[row] = { ...state.marks[row], [criterion]: mark };
  waiting.set(`${row}|${criterion}`, { rater: state.sheet.rater, row, criterion, mark });
  keep();
  show_progress();
  send();
};
const send = async () => {
  if (sending) return;
  sending = true;
  while (waiting.size) {
    const [place, rating] = waiting.entries().next().value;
    show_status("saving");
    try {
      const answer = await server.rate(rating);
      state.trouble = answer && answer.error ? answer.error : "";
      if (!answer || !(answer.saved || answer.error)) throw new Error("no answer");
      if (waiting.get(place) === rating) waiting.delete(place); // else it was changed meanwhile: once more
      if (answer.error) { delete state.marks[rating.row][rating.criterion]; clear_mark(rating); }
      pause = 1000;
    } catch {
      show_status("unsaved");
      await new Promise((done) => setTimeout(done, pause));
      pause = Math.min(2 * pause, 15000);
    }
    keep();
  }
  sending = false;
  show_status(state.trouble ? "refused" : "saved");
};
const clear_mark = (rating) => {
  for (const input of root.querySelectorAll("input:checked")) if (input.name === `${rating.row}.${rating.criterion}`) input.checked = false;
  show_progress();
};
addEventListener("beforeunload", (event) => { if (waiting.size) event.preventDefault(); });

// ---- what stays on the screen while one rates
const show_status = (name) => {
  const status = root.querySelector("[role=status]");
  if (!status) return;
  const text = name === "refused" ? `${words().refused} ${state.trouble}` : words()[name];
  if (status.dataset.name === name && status.lastChild.textContent === text) return;
  status.dataset.name = name;
  status.lastChild.textContent = text;
};
const show_progress = () => {
  const bar = root.querySelector(".bar");
  if (!bar) return;
  const total = state.sheet.turns.length, done = total - open_turns().length;
  bar.firstChild.style.inlineSize = `${(100 * done) / total}%`;
  bar.setAttribute("aria-valuenow", done);
  bar.setAttribute("aria-valuetext", say("progress", { done, total }));
  root.querySelector(".count").textContent = say("progress", { done, total });
  for (const article of root.querySelectorAll(".answer")) article.classList.toggle("rated", state.welcome.criteria.every((name) => mark_of(article.dataset.row, name) !== undefined));
};

// ---- pictures
const picture = (name) => {
  if (!pictures.has(name)) pictures.set(name, server.picture({ name }).catch(() => { pictures.delete(name); return null; }));
  return pictures.get(name);
};
const figure = (names, what) => {
  if (!names.length) return null;
  return h("div", { class: names.length > 1 ? "pictures several" : "pictures" }, names.map((name, place) => {
    const title = names.length > 1 ? `${what}: ${words().picture} ${place + 1}` : `${what}: ${words().picture}`;
    const image = h("img", { alt: title });
    const button = h("button", { type: "button", class: "picture", "aria-label": `${words().enlarge} – ${title}`, onclick: () => enlarge(image.src, title) }, image);
    const load = async () => {
      const found = await picture(name);
      if (typeof found === "string") image.src = found;
      else if (button.isConnected) setTimeout(load, 3000);
    };
    load();
    return button;
  }));
};
const enlarge = (source, title) => {
  const dialog = h("dialog", { class: "large", "aria-label": title, onclick: () => dialog.close(), onclose: () => dialog.remove() },
    h("button", { type: "button", class: "quiet", onclick: () => dialog.close() }, words().close), h("img", { src: source, alt: title }));
  root.append(dialog);
  dialog.showModal();
};

// ---- the screens
const draw = (...children) => {
  root.replaceChildren(...children.filter(Boolean));
  root.setAttribute("aria-busy", "false");
  root.lang = state.language;
  root.dir = words().direction;
  document.documentElement.lang = state.language;
  document.title = words().title;
};
const language_choice = () => {
  const known = Object.entries(state.welcome.words);
  if (known.length < 2) return null;
  return h("label", { class: "choice" }, h("span", { class: "hidden" }, words().page_language),
    h("select", { onchange: (event) => { state.language = event.target.value; remember("ui", state.language); state.sheet ? (state.at < 0 ? show_end() : show_turn()) : show_start(); root.querySelector("select").focus(); } },
      known.map(([code, own]) => h("option", { value: code, lang: code, selected: code === state.language }, own.name))));
};
const how = (open) => h("details", { class: "how", open },
  h("summary", {}, words().how),
  h("ul", {}, words().instructions.map((line) => h("li", {}, line))),
  h("p", { class: "keys" }, words().keys));

const show_start = () => {
  const sheets = h("ul", { class: "sheets" }, state.welcome.sheets.map((sheet) => h("li", {}, h("button", { type: "button", class: "sheet", onclick: () => open_sheet(sheet.rater) },
    h("span", { class: "name" }, h("b", {}, sheet.rater), h("bdi", { lang: sheet.language }, language_name(sheet.language))),
    h("span", { class: "track", "aria-hidden": "true" }, h("i", { style: `inline-size:${(100 * sheet.done) / sheet.total}%` })),
    h("small", {}, say("progress", sheet))))));
  draw(h("header", { class: "top" }, h("span", { class: "mark", "aria-hidden": "true" }, "A", h("i", {}, "B")), language_choice()),
    h("div", { class: "start" }, h("h1", {}, words().title), h("p", { class: "lead" }, words().lead), how(true),
      state.trouble ? h("p", { class: "trouble", role: "alert" }, state.trouble) : null,
      h("h2", {}, words().sheet), sheets));
};

const scale = (shown, name) => {
  const told = words().criteria[name], group = `${shown.row}.${name}`, given = mark_of(shown.row, name);
  const option = (mark, text, kind) => h("label", { class: kind },
    h("input", { type: "radio", name: group, value: mark, checked: given === mark, onchange: () => rate(shown.row, name, mark) }), h("span", {}, text));
  return h("div", { class: "scale", role: "radiogroup", "aria-label": `${say_answer(shown)}. ${told.name}: ${told.question}` },
    h("b", { "aria-hidden": "true" }, told.name), h("span", { class: "asks", "aria-hidden": "true" }, told.question),
    h("div", { class: "levels" }, told.levels.map((text, place) => option(place + 1, text, "level"))),
    option(CANNOT, words().cannot_judge, "cannot"));
};
const say_answer = (shown) => words().answer.replace("{label}", shown.label);

const show_turn = (focus) => {
  const { turns } = state.sheet, turn = turns[state.at], total = turns.length, last = state.at === total - 1;
  remember("item", turn.number);
  draw(h("header", { class: "top" },
      h("button", { type: "button", class: "quiet", onclick: leave }, h("span", { "aria-hidden": "true", class: "arrow" }, "‹"), ` ${words().sheets}`),
      h("div", { class: "progress" }, h("div", { class: "bar", role: "progressbar", "aria-label": state.sheet.rater, "aria-valuemin": 0, "aria-valuemax": total }, h("i")), h("span", { class: "count" })),
      language_choice()),
    h("div", { class: "turn" },
      h("section", { class: turn.pictures.length ? "asked pictured" : "asked", "aria-labelledby": "prompt" },
        figure(turn.pictures, say("question", { number: turn.number, total })),
        h("div", {},
          h("p", { class: "over" }, say("question", { number: turn.number, total }), turn.country ? h("span", { class: "country" }, country(turn.country)) : null),
          h("h1", { id: "prompt", tabindex: -1, lang: turn.language, dir: "auto" }, turn.prompt))),
      how(false),
      h("div", { class: "answers", style: `--answers:${Math.min(turn.outputs.length, 3)}` }, turn.outputs.map((shown) => h("article", { class: "answer", "data-row": shown.row, "aria-label": say_answer(shown) },
        h("h2", {}, h("span", { class: "letter", "aria-hidden": "true" }, shown.label), h("span", { class: "hidden" }, say_answer(shown))),
        figure(shown.pictures, say_answer(shown)),
        shown.text ? h("p", { class: "text", lang: turn.language, dir: "auto" }, shown.text) : shown.pictures.length ? null : h("p", { class: "text none" }, words().no_answer),
        h("div", { class: "scales" }, state.welcome.criteria.map((name) => scale(shown, name))))))),
    h("footer", { class: "foot" },
      h("button", { type: "button", class: "second", disabled: state.at === 0, onclick: () => go(state.at - 1) }, words().previous),
      h("p", { role: "status", "data-name": "saved" }, h("i", { "aria-hidden": "true" }), h("span", {}, "")),
      h("button", { type: "button", class: "first", onclick: () => (last ? show_end() : go(state.at + 1)) }, last ? words().finish : words().next)));
  show_progress();
  show_status(waiting.size ? "saving" : state.trouble ? "refused" : "saved");
  if (focus) { scrollTo(0, 0); root.querySelector("#prompt").focus({ preventScroll: true }); }
  const next = turns[state.at + 1];
  if (next) for (const of of [next, ...next.outputs]) of.pictures.forEach(picture);
};

const show_end = () => {
  const left = open_turns();
  state.at = -1;
  remember("item", null);
  draw(h("header", { class: "top" }, h("button", { type: "button", class: "quiet", onclick: leave }, h("span", { "aria-hidden": "true", class: "arrow" }, "‹"), ` ${words().sheets}`), language_choice()),
    h("div", { class: "start end" },
      h("h1", { tabindex: -1 }, left.length ? words().sheet : words().thanks),
      h("p", { class: "lead" }, left.length ? say("some_open", { open: left.length }) : words().all_done),
      left.length ? h("ul", { class: "open" }, left.map((turn) => h("li", {}, h("button", { type: "button", class: "second", onclick: () => go(turn.number - 1) }, String(turn.number))))) : null,
      left.length ? h("button", { type: "button", class: "first", onclick: () => go(left[0].number - 1) }, words().go_open) : null,
      h("p", { role: "status", "data-name": "saved" }, h("i", { "aria-hidden": "true" }), h("span", {}, ""))));
  show_status(waiting.size ? "saving" : "saved");
  root.querySelector("h1").focus();
};

// ---- ways between them
const go = (place) => { state.at = place; show_turn(true); };
const leave = async () => { state.sheet = null; remember("rater", null); remember("item", null); await welcome(); };
const open_sheet = async (rater, item) => {
  root.setAttribute("aria-busy", "true");
  const found = await server.open_sheet({ rater });
  if (found.error) { state.trouble = found.error; remember("rater", null); return show_start(); }
  Object.assign(state, { sheet: found, marks: found.marks, trouble: "" });
  if (!home.searchParams.has("ui") && state.welcome.words[found.language]) state.language = found.language;
  try { // what an earlier visit could not send
    for (const rating of JSON.parse(localStorage.getItem(store()) || "[]")) rate(rating.row, rating.criterion, rating.mark);
  } catch { /* no memory, or somebody else's */ }
  remember("rater", rater);
  const first = found.turns.findIndex((turn) => !is_done(turn));
  if (first < 0 && !item) return show_end();
  return go(item ? item - 1 : first);
};
const welcome = async () => {
  state.welcome = await server.welcome({});
  show_start();
};
const begin = async () => {
  state.welcome = await server.welcome({});
  const wanted = [home.searchParams.get("ui"), ...navigator.languages.map((tag) => tag.split("-")[0])];
  state.language = wanted.find((code) => code && state.welcome.words[code]) || "en";
  const rater = home.searchParams.get("rater"), sheet = state.welcome.sheets.find((one) => one.rater === rater);
  const item = Number(home.searchParams.get("item"));
  if (rater) await open_sheet(rater, sheet && item >= 1 && item <= sheet.total ? item : undefined);
  else show_start();
};
begin();
