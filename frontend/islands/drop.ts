/** A <div class="drop"> around a file field takes dropped files too; data-send submits its form at once. */
export function startDrops(): void {
  const zone = (event: Event): HTMLElement | null =>
    event.target instanceof Element ? event.target.closest<HTMLElement>(".drop") : null;

  for (const name of ["dragenter", "dragover"]) {
    document.addEventListener(name, (event) => {
      const box = zone(event);
      if (!box) return;
      event.preventDefault();
      box.classList.add("over");
    });
  }
  document.addEventListener("dragleave", (event) => {
    const box = zone(event);
    if (box && !box.contains(event.relatedTarget as Node | null)) box.classList.remove("over");
  });
  document.addEventListener("drop", (event) => {
    const box = zone(event);
    const field = box?.querySelector<HTMLInputElement>("input[type=file]");
    if (!box || !field || !event.dataTransfer) return;
    event.preventDefault();
    box.classList.remove("over");
    field.files = event.dataTransfer.files;
    field.dispatchEvent(new Event("change", { bubbles: true }));
  });
  document.addEventListener("change", (event) => {
    const box = zone(event);
    const field = event.target;
    if (!box || !(field instanceof HTMLInputElement) || field.type !== "file") return;
    const name = box.querySelector<HTMLElement>("[data-file-name]");
    if (name) name.textContent = [...(field.files ?? [])].map((file) => file.name).join(", ");
    if (box.hasAttribute("data-send") && field.files?.length) field.form?.requestSubmit();
  });
}
