/** Menus and notes are <details>: they work without a script. With one, only one is open, and Escape or a click elsewhere shuts it. */
const FLOATS = "details.menu[open], details.counted[open]";

function shutAll(except?: Element | null): void {
  document.querySelectorAll<HTMLDetailsElement>(FLOATS).forEach((box) => {
    if (box !== except && !box.contains(except ?? null)) box.open = false;
  });
}

/** A note near the right edge opens to the left, so that nothing is cut off. */
function keepInside(box: HTMLElement): void {
  box.style.translate = "";
  const over = box.getBoundingClientRect().right - (document.documentElement.clientWidth - 12);
  if (over > 0) box.style.translate = `${-over}px`;
}

export function startMenus(): void {
  document.addEventListener("click", (event) => {
    shutAll((event.target as Element).closest("details.menu, details.counted"));
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    const open = [...document.querySelectorAll<HTMLDetailsElement>(FLOATS)].pop();
    if (!open) return;
    open.open = false;
    open.querySelector<HTMLElement>("summary")?.focus();
  });
  document.addEventListener(
    "toggle",
    (event) => {
      const details = event.target as HTMLDetailsElement;
      if (!details.open || !details.matches("details.menu, details.counted")) return;
      const box = details.querySelector<HTMLElement>(".menu-box, .counted-box");
      if (box) keepInside(box);
    },
    true,
  );
}
