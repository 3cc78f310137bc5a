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

// A chooser with a search is drawn by Select2, which does not tell a screen reader what it is for.
// It is drawn when jQuery finds the page ready; what is registered later runs later.
window.django?.jQuery?.(() => {
  for (const select of document.querySelectorAll("select.select2-hidden-accessible")) {
    const label = select.labels[0]?.textContent.trim();
    const box = select.nextElementSibling?.querySelector("[role=combobox]");
    if (!label || !box) continue;
    box.removeAttribute("aria-labelledby");
    box.setAttribute("aria-label", label);
    box.querySelector("[role=textbox]")?.setAttribute("aria-label", label);
  }
});
