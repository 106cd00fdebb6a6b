"use strict";
(() => {
  const all = (query, root = document) => [...root.querySelectorAll(query)];
  const one = (query, root = document) => root.querySelector(query);

  // What lies under the pointer or has the focus is told beside it.
  const tip = document.createElement("div");
  tip.className = "tip"; tip.hidden = true; tip.setAttribute("role", "tooltip");
  document.body.append(tip);
  const show = (target, x, y) => {
    tip.textContent = target.dataset.tip; tip.hidden = false;
    const box = tip.getBoundingClientRect();
    tip.style.left = `${Math.max(8, Math.min(x + 14, innerWidth - box.width - 8))}px`;
    tip.style.top = `${y + 18 + box.height > innerHeight ? y - box.height - 12 : y + 18}px`;
  };
  document.addEventListener("pointermove", event => {
    const target = event.target.closest?.("[data-tip]");
    if (target) show(target, event.clientX, event.clientY); else tip.hidden = true;
  });
  document.addEventListener("focusin", event => {
    const target = event.target.closest?.("[data-tip]");
    if (target) { const box = target.getBoundingClientRect(); show(target, box.left + box.width / 2, box.top + box.height / 2); }
  });
  document.addEventListener("keydown", event => { if (event.key === "Escape") tip.hidden = true; });

  // The table: chosen by country, topic and words, and put in order by a column.
  const tools = one("#plan-tools"), table = one("#plan-table");
  if (tools && table) {
    tools.hidden = false;
    const rows = all("tbody tr", table), said = one("output", tools);
    const choose = () => {
      const country = tools.country.value, topic = tools.topic.value, ordered = tools.ordered.checked;
      let shown = 0;
      for (const row of rows) {
        row.hidden = (country && row.dataset.country !== country) || (topic && row.dataset.topic !== topic) || (ordered && row.dataset.annotate === "0");
        shown += !row.hidden;
      }
      said.textContent = `${shown.toLocaleString("en")} of ${rows.length.toLocaleString("en")} pairs`;
      all(".map .country").forEach(shape => shape.classList.toggle("on", shape.dataset.country === country && country !== ""));
    };
    tools.addEventListener("input", choose);
    tools.addEventListener("reset", () => setTimeout(choose));
    choose();
    all("thead button", table).forEach(button => button.addEventListener("click", () => {
      const head = button.closest("th"), down = head.getAttribute("aria-sort") !== "descending", key = button.dataset.key;
      all("thead th", table).forEach(other => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const value = row => isNaN(row.dataset[key]) ? row.dataset[key] : Number(row.dataset[key]);
      rows.sort((a, b) => { const [x, y] = [value(a), value(b)]; return (x < y ? -1 : x > y ? 1 : 0) * (down ? -1 : 1); });
      one("tbody", table).append(...rows);
    }));
    const pick = shape => { tools.country.value = tools.country.value === shape.dataset.country ? "" : shape.dataset.country; choose(); };
    all(".map .country").forEach(shape => {
      shape.addEventListener("click", () => pick(shape));
      shape.addEventListener("keydown", event => { if (event.key === "Enter" || event.key === " ") { event.preventDefault(); pick(shape); } });
    });
  }

  // The matrix: another number in the same cells.
  const layer = one("#layer"), grid = one("#matrix");
  if (layer && grid) {
    const paint = () => {
      const name = layer.value;
      one("#low").textContent = layer.selectedOptions[0].dataset.low; one("#high").textContent = layer.selectedOptions[0].dataset.high;
      for (const cell of all("td[data-cells]", grid)) {
        const [text, shade] = JSON.parse(cell.dataset.cells)[name];
        cell.textContent = text;
        cell.classList.toggle("nil", shade === null || (name === "annotate" && shade === 0));
        cell.classList.toggle("deep", shade !== null && shade > .5);
        cell.style.setProperty("--v", shade ?? 0);
      }
    };
    layer.closest("form").hidden = false;
    layer.addEventListener("input", paint); paint();
  }

  // Topics: one at a time; a country of the legend is brought out.
  const topic = one("#topic");
  if (topic) {
    const change = () => all("[data-topic-view]").forEach(view => { view.hidden = view.dataset.topicView !== topic.value; });
    topic.closest("form").hidden = false;
    topic.addEventListener("input", change); change();
  }
  all(".legend [data-of]").forEach(entry => {
    const bring = on => all("[data-is]", entry.closest("figure")).forEach(mark => mark.classList.toggle("faded", on && mark.dataset.is !== entry.dataset.of));
    entry.addEventListener("pointerenter", () => bring(true)); entry.addEventListener("pointerleave", () => bring(false));
  });
})();
