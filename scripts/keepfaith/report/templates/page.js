"use strict";
// Sorting and filtering of tables, and one task at a time. Without scripts the page shows everything.
(() => {
  const rowsOf = (table) => [...table.tBodies[0].rows];
  const textOf = (row, column) => (row.cells[column] ? row.cells[column].textContent.trim() : "");
  const numberIn = (text) => {
    const found = text.match(/^[+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?/i);
    return found ? Number(found[0]) : null;
  };

  function sortBy(table, column, heading) {
    const ascending = heading.getAttribute("aria-sort") !== "ascending";
    const rows = rowsOf(table).map((row) => ({ row, text: textOf(row, column) }));
    const known = rows.filter(({ text }) => text && text !== "n/a");
    const numeric = known.every(({ text }) => numberIn(text) !== null);
    const compare = (a, b) =>
      numeric ? numberIn(a.text) - numberIn(b.text) : a.text.localeCompare(b.text);
    known.sort((a, b) => (ascending ? compare(a, b) : compare(b, a)));
    const unknown = rows.filter((each) => !known.includes(each)); // always last
    table.tBodies[0].append(...[...known, ...unknown].map(({ row }) => row));
    for (const other of heading.parentElement.cells) other.removeAttribute("aria-sort");
    heading.setAttribute("aria-sort", ascending ? "ascending" : "descending");
  }

  function makeSortable(table) {
    [...table.tHead.rows[0].cells].forEach((heading, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...heading.childNodes);
      button.addEventListener("click", () => sortBy(table, column, heading));
      heading.append(button);
    });
  }

  function makeFilterable(table) {
    const box = document.createElement("input");
    box.type = "search";
    box.placeholder = "Filter rows";
    box.setAttribute("aria-label", `Filter rows of: ${table.dataset.title}`);
    box.addEventListener("input", () => {
      const wanted = box.value.trim().toLowerCase();
      for (const row of rowsOf(table)) row.hidden = !row.textContent.toLowerCase().includes(wanted);
    });
    table.parentElement.before(box);
  }

  function makeChooser(sections) {
    const label = document.createElement("label");
    const choice = document.createElement("select");
    label.append("Show ", choice);
    choice.append(new Option("all tasks", ""));
    for (const section of sections) {
      const heading = section.querySelector("h2");
      choice.append(new Option(heading.textContent.trim(), heading.id));
    }
    const show = (id) => {
      choice.value = id;
      for (const section of sections) section.hidden = id !== "" && section.querySelector("h2").id !== id;
    };
    choice.addEventListener("change", () => {
      show(choice.value);
      if (choice.value) document.getElementById(choice.value).scrollIntoView();
    });
    // A link to a task that is hidden shows it.
    addEventListener("hashchange", () => {
      const target = document.getElementById(location.hash.slice(1));
      const section = target && target.closest("section.cell");
      if (section && section.hidden) {
        show(section.querySelector("h2").id);
        target.scrollIntoView();
      }
    });
    document.querySelector("nav").append(label);
  }

  for (const table of document.querySelectorAll("table[data-title]")) {
    if (rowsOf(table).length > 2) makeSortable(table);
    if (rowsOf(table).length > 8) makeFilterable(table);
  }
  const sections = [...document.querySelectorAll("section.cell")];
  if (sections.length > 1) makeChooser(sections);
})();
