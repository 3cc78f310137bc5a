"use strict";
// On phones a change list is shown as cards (admin.css); a card needs each
// column's title beside its value. Without this script the table scrolls.
document.addEventListener("DOMContentLoaded", () => {
  const table = document.getElementById("result_list");
  if (!table) return;
  const titles = Array.from(table.querySelectorAll("thead th"), (th) => (th.querySelector(".text") || th).textContent.trim());
  for (const row of table.tBodies[0].rows) {
    Array.from(row.cells).forEach((cell, i) => {
      if (titles[i]) cell.dataset.label = titles[i];
    });
  }
  table.classList.add("as-cards");
});
