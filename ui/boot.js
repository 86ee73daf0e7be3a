// Sets the theme before the first paint, then loads the interface.
(() => {
  try {
    const theme = localStorage.getItem("atelier.theme");
    if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
    const language = localStorage.getItem("atelier.language");
    if (language) document.documentElement.lang = language;
  } catch {
    // No storage: the system's theme and language serve.
  }
  import("./ui.js")
    .then((ui) => ui.default({ module_or_path: "ui_bg.wasm" }))
    .catch((error) => {
      const french = (document.documentElement.lang || navigator.language).startsWith("fr");
      const text = document.createElement("p");
      text.setAttribute("role", "alert");
      text.style.padding = "32px";
      text.textContent = french
        ? "L’interface n’a pas pu être chargée. Vos documents et vos conversations sont intacts. Rouvrez Atelier."
        : "The interface could not be loaded. Your documents and chats are safe. Open Atelier again.";
      const show = () => document.body.append(text);
      if (document.body) show();
      else addEventListener("DOMContentLoaded", show);
      console.error(error);
    });
})();
