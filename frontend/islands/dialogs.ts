/**
 * <a href="#id" data-open="id"> or <button data-open="id"> opens a dialog, drawer or sheet; data-shut shuts the one it is in, and so does a click beside it.
 * A dialog with data-type-to-confirm keeps its strong button asleep until the name or number has been typed.
 */
export function startDialogs(): void {
  document.addEventListener("click", (event) => {
    const target = event.target as Element;
    const opener = target.closest<HTMLElement>("[data-open]");
    if (opener) {
      const dialog = document.getElementById(opener.dataset["open"] ?? "");
      if (dialog instanceof HTMLDialogElement) {
        event.preventDefault();
        dialog.showModal();
        watchTyping(dialog);
      }
      return;
    }
    if (target.closest("[data-shut]")) {
      event.preventDefault();
      target.closest("dialog")?.close();
    }
    if (target instanceof HTMLDialogElement && outside(target, event)) target.close();
  });
  // A drawer that htmx has filled opens by itself: data-open-now.
  document.addEventListener("htmx:afterSettle", () => {
    document.querySelectorAll<HTMLDialogElement>("dialog[data-open-now]:not([open])").forEach((dialog) => {
      dialog.showModal();
      watchTyping(dialog);
    });
  });
}

function outside(dialog: HTMLDialogElement, event: MouseEvent): boolean {
  const box = dialog.getBoundingClientRect();
  return event.clientX < box.left || event.clientX > box.right || event.clientY < box.top || event.clientY > box.bottom;
}

function plain(text: string): string {
  return text.replace(/[\s\u00a0\u202f.,]/g, "").toLocaleLowerCase();
}

function watchTyping(dialog: HTMLDialogElement): void {
  const field = dialog.querySelector<HTMLInputElement>("[data-type-to-confirm]");
  const button = dialog.querySelector<HTMLButtonElement>("[data-confirms]");
  if (!field || !button) return;
  const check = (): void => {
    button.disabled = plain(field.value) !== plain(field.dataset["typeToConfirm"] ?? "");
  };
  field.oninput = check;
  check();
}
