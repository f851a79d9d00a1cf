for (const button of document.querySelectorAll("th button")) {
  button.addEventListener("click", () => {
    const heading = button.closest("th");
    const headings = [...heading.parentElement.children];
    const column = headings.indexOf(heading);
    const ascending = heading.getAttribute("aria-sort") !== "ascending";
    for (const other of headings) other.removeAttribute("aria-sort");
    heading.setAttribute("aria-sort", ascending ? "ascending" : "descending");
    const numeric = heading.classList.contains("number");
    const body = heading.closest("table").tBodies[0];
    const valueOf = (row) => row.cells[column].dataset.sort;
    const compare = (left, right) => (numeric ? Number(left) - Number(right) : left.localeCompare(right, "en", { numeric: true }));
    const rows = [...body.rows].sort((left, right) => {
      const [a, b] = [valueOf(left), valueOf(right)];
      // Rows without a value stay last in both directions.
      if (a === "" || b === "") return Number(a === "") - Number(b === "");
      return ascending ? compare(a, b) : compare(b, a);
    });
    body.append(...rows);
  });
}
