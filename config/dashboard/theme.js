// theme.js: light or dark: as chosen here, else as the screen's own setting says. The style sheets ask for one attribute.
const screenIsDark = window.matchMedia("(prefers-color-scheme: dark)");
let chosen = "auto";

function apply() {
  const own = screenIsDark.matches ? "dark" : "light";
  document.documentElement.dataset.theme = chosen === "auto" ? own : chosen;
}

/** "auto", "light" or "dark". */
export function chooseTheme(theme) {
  chosen = theme;
  apply();
}

screenIsDark.addEventListener("change", apply);
apply();
