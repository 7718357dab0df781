// login.js: asks for user and password when the broker wants them. They are kept for as long as the browser's tab is open.
import { element, setHidden, setText } from "./dom.js";
import { text } from "./texts.js";

const KEY = "wardgate.login";

export class LoginForm {
  #form;
  #open;
  #credentials = null;
  #fault = element("p", { class: "fault", role: "alert" });

  constructor(form, open) {
    this.#form = form;
    this.#open = open;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
  }

  remembered() {
    try {
      this.#credentials = JSON.parse(sessionStorage.getItem(KEY));
    } catch {
      this.#credentials = null;
    }
    return this.#credentials;
  }

  accepted() {
    setHidden(this.#form, true);
    if (this.#credentials === null) return;
    try {
      sessionStorage.setItem(KEY, JSON.stringify(this.#credentials));
    } catch {
      // a browser without storage asks again after loading
    }
  }

  /** The broker lets nobody in without a password, or not with this one. */
  show() {
    try {
      sessionStorage.removeItem(KEY);
    } catch {
      // nothing was kept
    }
    const wasWrong = this.#credentials !== null;
    this.#build();
    setText(this.#fault, wasWrong ? text("login.wrong") : "");
    setHidden(this.#form, false);
    this.#form.querySelector("input").focus();
  }

  #build() {
    const isPlain = location.protocol === "http:" && !["localhost", "127.0.0.1", "[::1]"].includes(location.hostname);
    const parts = [
      element("h2", {}, text("login.title")),
      element("label", {}, text("login.user"), element("input", { name: "username", autocomplete: "username", required: true })),
      element("label", {}, text("login.password"), element("input", { name: "password", type: "password", autocomplete: "current-password", required: true })),
      isPlain ? element("p", { class: "dim" }, text("login.plain")) : null,
      this.#fault,
      element("button", { type: "submit", class: "primary" }, text("login.enter")),
    ];
    this.#form.replaceChildren(...parts.filter((part) => part !== null));
  }

  #submit() {
    const fields = new FormData(this.#form);
    this.#credentials = { username: String(fields.get("username")), password: String(fields.get("password")) };
    this.#open(this.#credentials);
  }
}
