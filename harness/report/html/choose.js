const chooser = document.querySelector("#token-cell");
if (chooser) {
  const show = () => {
    for (const one of document.querySelectorAll("[data-cell]")) one.hidden = one.dataset.cell !== chooser.value;
  };
  chooser.addEventListener("change", show);
  show();
}
