for (const table of document.querySelectorAll("table.sortable")) {
  const body = table.tBodies[0];
  const value = (row, column) => row.cells[column].dataset.value ?? row.cells[column].textContent.trim();
  table.tHead.querySelectorAll("button").forEach((button) => {
    button.addEventListener("click", () => {
      const heading = button.parentElement;
      const column = heading.cellIndex;
      const rising = heading.getAttribute("aria-sort") !== "ascending";
      for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
      heading.setAttribute("aria-sort", rising ? "ascending" : "descending");
      const compare = (a, b) => {
        const [x, y] = [value(a, column), value(b, column)];
        return x === "" || y === "" ? (x === "") - (y === "") : (isNaN(x - y) ? x.localeCompare(y) : x - y) * (rising ? 1 : -1);
      };
      body.append(...[...body.rows].sort(compare));
    });
  });
}
for (const field of document.querySelectorAll("input[type=search]")) {
  field.addEventListener("input", () => {
    const wanted = field.value.toLowerCase();
    for (const row of document.getElementById(field.dataset.table).tBodies[0].rows) {
      row.hidden = !row.cells[0].textContent.toLowerCase().includes(wanted);
    }
  });
}
