// Choosing several assets: how many are chosen is told, and the buttons stay in sight.

const form = document.getElementById("selection");

function start() {
  const boxes = [...form.querySelectorAll("input[name=ids]")];
  const bar = form.querySelector(".chosen");
  const told = document.getElementById("chosen");
  const all = document.getElementById("choose-all");
  const remove = bar.querySelector("button:not([type=button])");

  function show() {
    const count = boxes.filter((box) => box.checked).length;
    bar.classList.toggle("some", count > 0);
    bar.hidden = !boxes.length;
    told.textContent = count ? `${count} chosen` : "";
    remove.hidden = !count;
    all.textContent = count === boxes.length ? "Choose none" : "Choose all on this page";
  }

  all.addEventListener("click", () => {
    const checked = boxes.some((box) => !box.checked);
    for (const box of boxes) box.checked = checked;
    show();
  });
  form.addEventListener("change", show);
  // Browsers remember boxes when somebody comes back.
  window.addEventListener("pageshow", show);
  show();
}

if (form) start();
