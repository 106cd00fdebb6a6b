"use strict";
{
  const form = document.querySelector("form.filters");
  const rows = [...document.querySelectorAll(".gallery article")];
  const choices = ["verdict", "step", "reason", "country", "language"];
  const nothing = document.querySelector("p.nothing");

  const show = () => {
    const asked = choices.map((name) => [name, form.elements[name]?.value ?? ""]).filter(([, value]) => value);
    const text = form.elements.text.value.trim().toLocaleLowerCase();
    let shown = 0;
    for (const row of rows) {
      const fits =
        asked.every(([name, value]) => row.dataset[name] === value) && (!text || row.textContent.toLocaleLowerCase().includes(text));
      row.hidden = !fits;
      shown += fits;
    }
    nothing.hidden = shown > 0;
    form.querySelector("output").value = `${shown.toLocaleString("en")} of ${rows.length.toLocaleString("en")} sampled rows`;
  };

  if (form) {
    form.hidden = false;
    form.addEventListener("input", show);
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("reset", () => setTimeout(show));
    document.querySelector("[data-clear]").addEventListener("click", () => form.reset());
    for (const link of document.querySelectorAll(".alerts a[data-step]")) {
      link.addEventListener("click", () => {
        form.reset();
        for (const name of choices) {
          if (name in link.dataset && form.elements[name]) form.elements[name].value = link.dataset[name];
        }
        setTimeout(show);
      });
    }
    show();
  }

  for (const button of document.querySelectorAll("[data-more]")) {
    button.addEventListener("click", () => {
      button.closest(".matrix").querySelector("tbody.more").hidden = false;
      button.closest("p").remove();
    });
  }
}
