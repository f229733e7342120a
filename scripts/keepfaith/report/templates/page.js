"use strict";
// Sorting and filtering of tables, one task at a time, and a slider over the levels of an explained example. Without scripts the page shows everything.
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

  function searchBox(element, label, show) {
    const box = document.createElement("input");
    box.type = "search";
    box.placeholder = "Filter rows";
    box.setAttribute("aria-label", `Filter rows of: ${label}`);
    box.addEventListener("input", () => show(box.value.trim().toLowerCase()));
    element.before(box);
  }

  function makeFilterable(table) {
    searchBox(table.parentElement, table.dataset.title, (wanted) => {
      for (const row of rowsOf(table)) row.hidden = !row.textContent.toLowerCase().includes(wanted);
    });
  }

  // A row of a matrix is found by its name and by that of its group, the first row of its body; a lone row by its own.
  function makeMatrixFilterable(table) {
    searchBox(table, table.dataset.filter, (wanted) => {
      for (const body of table.tBodies) {
        const [heading, ...rows] = body.rows;
        const group = heading.cells[0].textContent.toLowerCase();
        for (const row of rows) row.hidden = !`${group} ${row.cells[0].textContent.toLowerCase()}`.includes(wanted);
        heading.hidden = rows.length ? rows.every((row) => row.hidden) : !group.includes(wanted);
      }
    });
  }

  // A large study's sections are packed: base64 of zlib.
  async function unpack(section) {
    const store = section.querySelector("script");
    if (!store) return;
    const bytes = Uint8Array.from(atob(store.textContent), (letter) => letter.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
    const text = await new Response(stream).text();
    const parsed = new DOMParser().parseFromString(text, "text/html"); // runs no script
    store.replaceWith(...parsed.body.childNodes);
    prepare(section);
  }

  function makeChooser(sections) {
    const packed = sections.some((section) => section.querySelector(":scope > script"));
    const label = document.createElement("label");
    const choice = document.createElement("select");
    label.className = "chooser";
    label.append("One task at a time: ", choice);
    for (const section of sections) {
      const heading = section.querySelector("h2");
      choice.append(new Option(heading.textContent.trim(), heading.id));
    }
    if (!packed) choice.append(new Option("all", ""));
    const show = async (id) => {
      choice.value = id;
      for (const section of sections) section.hidden = id !== "" && section.querySelector("h2").id !== id;
      for (const section of sections) if (!section.hidden) await unpack(section);
    };
    choice.addEventListener("change", () => show(choice.value));
    // A link to a task that is hidden shows it.
    const follow = async () => {
      const target = document.getElementById(location.hash.slice(1));
      const section = target && target.closest("section.cell");
      if (section && section.hidden) {
        await show(section.querySelector("h2").id);
        target.scrollIntoView();
      }
    };
    addEventListener("hashchange", follow);
    sections[0].before(label);
    show(sections[0].querySelector("h2").id).then(follow);
  }

  // The last panel of an explained example becomes one of any level; the dense model stays beside it.
  function makePlayer(panels) {
    const frames = JSON.parse(panels.dataset.frames);
    const panel = panels.lastElementChild;
    const pieces = panel.querySelectorAll(".prompt span");
    const signed = (value, digits) => (value < 0 ? "" : "+") + value.toFixed(digits);
    const show = (frame) => {
      panel.querySelector("h5 b").textContent = frame.name;
      panel.querySelector(".said").textContent = frame.said;
      pieces.forEach((piece, index) => {
        const strength = frame.strengths[index];
        const side = strength < 0 ? "against" : "toward";
        piece.style.background = `rgba(var(--${side}),${(0.65 * Math.abs(strength)).toFixed(2)})`;
        piece.title = signed(frame.scores[index], 4);
      });
      const top = frame.top.map(([token, score]) => `\u201c${token}\u201d ${signed(score, 3)}`);
      panel.querySelector(".top").textContent = `Highest first: ${top.join(", ")}`;
    };
    const label = document.createElement("label");
    const slider = document.createElement("input");
    slider.type = "range";
    slider.min = 0;
    slider.max = frames.length - 1;
    slider.value = frames.length - 1;
    const said = () => slider.setAttribute("aria-valuetext", panel.querySelector("h5").textContent);
    slider.addEventListener("input", () => {
      show(frames[Number(slider.value)]);
      said();
    });
    label.append("Level ", slider);
    panel.prepend(label);
    said();
  }

  function prepare(part) {
    for (const panels of part.querySelectorAll("[data-frames]")) makePlayer(panels);
    for (const table of part.querySelectorAll("table[data-title]")) {
      if (rowsOf(table).length > 2) makeSortable(table);
      if (rowsOf(table).length > 8) makeFilterable(table);
    }
    for (const table of part.querySelectorAll("table[data-filter]")) if (table.rows.length > 20) makeMatrixFilterable(table);
  }

  prepare(document);
  const sections = [...document.querySelectorAll("section.cell")];
  if (sections.length > 1) makeChooser(sections);
  for (const overview of document.querySelectorAll(".overview")) unpack(overview);
})();
