// What the page does by itself: chats, the composer and its commands, toasts, scrolling. Everything else is htmx.

const NEAR_END = 120;
const LARGEST_FILE = 20 * 1024 * 1024;
const TOAST_MS = (text) => 2500 + 60 * text.length;

const all = (selector, within = document) => [...within.querySelectorAll(selector)];
const panelOf = (phone, chat) => document.getElementById(`panel-${phone}-${chat}`);
const isOffScreen = (element) => element.closest("[hidden]") !== null;

// Chats of a phone

function show(phone, chat) {
  for (const panel of all(`.chat[data-phone="${phone}"]`)) panel.hidden = panel.dataset.chat !== chat;
  for (const tab of all(`.tab[data-phone="${phone}"]`)) {
    const isShown = tab.dataset.chat === chat;
    tab.setAttribute("aria-selected", String(isShown));
    tab.tabIndex = isShown ? 0 : -1;
  }
  toEnd(panelOf(phone, chat));
}

document.addEventListener("click", (event) => {
  const tab = event.target.closest(".tab");
  if (tab) show(tab.dataset.phone, tab.dataset.chat);
});

document.addEventListener("keydown", (event) => {
  const tab = event.target.closest(".tab");
  if (!tab || !["ArrowLeft", "ArrowRight", "Home", "End"].includes(event.key)) return;
  event.preventDefault();
  const other = all(".tab", tab.parentElement).find((one) => one !== tab);
  other.focus();
  other.click();
});

// Scrolling: a chat that shows its end goes on showing it

const isAtEnd = new WeakMap();

function toEnd(panel) {
  const scroll = panel.querySelector(".scroll");
  scroll.scrollTop = scroll.scrollHeight;
  isAtEnd.set(scroll, true);
}

function keepEnd(scroll) {
  if (!isOffScreen(scroll) && isAtEnd.get(scroll) !== false) scroll.scrollTop = scroll.scrollHeight;
}

for (const scroll of all(".scroll")) {
  scroll.addEventListener("scroll", () => {
    if (!isOffScreen(scroll)) isAtEnd.set(scroll, scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < NEAR_END);
  }, { passive: true });
  scroll.addEventListener("load", () => keepEnd(scroll), { capture: true });
  new MutationObserver((changes) => {
    for (const node of changes.flatMap((change) => [...change.addedNodes])) {
      if (node.classList?.contains("is-own")) isAtEnd.set(scroll, true);
      if (node.parentElement?.classList.contains("log") && node.nodeType === 1) node.classList.add("is-new");
    }
    keepEnd(scroll);
  }).observe(scroll, { childList: true, subtree: true, attributes: true, attributeFilter: ["class"] });
  new ResizeObserver(() => keepEnd(scroll)).observe(scroll);
}

// Toasts go by themselves, or when the next one comes

function leaveSoon(toast) {
  setTimeout(() => {
    toast.classList.add("is-leaving");
    setTimeout(() => toast.remove(), 300);
  }, TOAST_MS(toast.textContent));
}

for (const toasts of all(".toasts")) {
  new MutationObserver((changes) => {
    const added = changes.flatMap((change) => [...change.addedNodes]).filter((node) => node.nodeType === 1);
    if (added.length) for (const older of all(".toast", toasts).slice(0, -1)) older.remove();
    added.forEach(leaveSoon);
  }).observe(toasts, { childList: true });
}

function toast(phone, text) {
  const notice = document.createElement("p");
  notice.className = "toast";
  notice.dir = "auto";
  notice.textContent = text;
  (phone ?? document).querySelector(".toasts").append(notice);
}

// The composer

const composerOf = (element) => element.closest(".composer");

function fit(words) {
  if (CSS.supports("field-sizing", "content")) return;
  words.style.height = "auto";
  words.style.height = `${words.scrollHeight}px`;
}

function attach(form, file) {
  const chip = form.querySelector(".chip");
  const picture = chip.querySelector("img");
  if (picture.src) URL.revokeObjectURL(picture.src);
  if (file && file.size > LARGEST_FILE) {
    toast(form.closest(".phone"), document.body.dataset.tooBig);
    file = null;
  }
  if (!file) form.querySelector("[type=file]").value = "";
  chip.hidden = !file;
  picture.hidden = !file?.type.startsWith("image/");
  if (file) {
    picture.src = URL.createObjectURL(file);
    chip.querySelector("bdi").textContent = file.name;
  } else {
    picture.removeAttribute("src");
  }
}

function send(form, text) {
  form.querySelector("textarea").value = text;
  form.requestSubmit();
}

function clear(form) {
  const words = form.querySelector("textarea");
  words.value = "";
  attach(form, null);
  suggest(form);
  fit(words);
}

function suggest(form) {
  const words = form.querySelector("textarea");
  const list = form.querySelector(".suggest");
  const start = words.value.toLowerCase();
  const fits = start.startsWith("/") && !/\s/.test(start);
  for (const option of list.children) option.hidden = !(fits && option.dataset.command.startsWith(start));
  list.hidden = !all("li:not([hidden])", list).length;
  choose(form, null);
}

function choose(form, option) {
  for (const other of all("[role=option]", form)) other.setAttribute("aria-selected", String(other === option));
  const words = form.querySelector("textarea");
  if (option) {
    words.setAttribute("aria-activedescendant", option.id);
    option.scrollIntoView({ block: "nearest" });
  } else {
    words.removeAttribute("aria-activedescendant");
  }
}

function move(form, step) {
  const options = all(".suggest li:not([hidden])", form);
  const at = options.findIndex((option) => option.getAttribute("aria-selected") === "true");
  choose(form, options[(at + step + options.length + (at < 0 && step < 0 ? 1 : 0)) % options.length]);
}

function take(form, option) {
  const words = form.querySelector("textarea");
  words.value = `${option.dataset.command} `;
  words.focus();
  suggest(form);
}

document.addEventListener("input", (event) => {
  if (event.target.matches(".composer textarea")) {
    suggest(composerOf(event.target));
    fit(event.target);
  }
});

document.addEventListener("change", (event) => {
  if (event.target.matches(".composer [type=file]")) {
    const form = composerOf(event.target);
    attach(form, event.target.files[0]);
    form.querySelector("textarea").focus();
  }
});

document.addEventListener("keydown", (event) => {
  if (!event.target.matches(".composer textarea") || event.isComposing) return;
  const form = composerOf(event.target);
  const isSuggesting = !form.querySelector(".suggest").hidden;
  const chosen = form.querySelector(".suggest [aria-selected=true]");
  if (isSuggesting && (event.key === "ArrowDown" || event.key === "ArrowUp")) move(form, event.key === "ArrowDown" ? 1 : -1);
  else if (isSuggesting && event.key === "Escape") form.querySelector(".suggest").hidden = true;
  else if (isSuggesting && chosen && (event.key === "Enter" || event.key === "Tab")) take(form, chosen);
  else if (event.key === "Enter" && !event.shiftKey) form.requestSubmit();
  else return;
  event.preventDefault();
});

document.addEventListener("focusout", (event) => {
  const form = event.target.closest?.(".composer");
  if (form && !form.contains(event.relatedTarget)) form.querySelector(".suggest").hidden = true;
});

document.addEventListener("mousedown", (event) => {
  if (event.target.closest(".suggest")) event.preventDefault();
});

document.addEventListener("click", (event) => {
  const option = event.target.closest(".suggest li");
  if (option) take(composerOf(option), option);
  const detach = event.target.closest(".detach");
  if (detach) attach(composerOf(detach), null);
  const said = event.target.closest(".said-command");
  const form = said?.closest(".chat").querySelector(".composer");
  if (form) send(form, said.dataset.say);
  const opener = event.target.closest("[data-opens]");
  if (opener) document.getElementById(opener.dataset.opens).showModal();
  if (event.target.matches("dialog")) event.target.close();
});

// An empty message is not sent; one that was sent leaves the composer

document.addEventListener("htmx:before:request", (event) => {
  const form = event.target;
  if (!form.matches?.(".composer")) return;
  const isEmpty = !form.querySelector("textarea").value.trim() && !form.querySelector("[type=file]").value;
  if (isEmpty) event.preventDefault();
});

document.addEventListener("htmx:after:request", (event) => {
  if (event.target.matches?.(".composer") && event.detail.ctx.response?.raw.ok) clear(event.target);
});

for (const trouble of ["htmx:error", "htmx:response:error"]) {
  document.addEventListener(trouble, (event) => {
    const phone = event.target.closest?.(".phone");
    if (phone) toast(phone, document.body.dataset.failed);
  });
}

// What the server tells beside HTML

const stream = document.getElementById("stream");
const lost = document.getElementById("lost");

stream.addEventListener("show", (event) => {
  const { person, chat } = JSON.parse(event.detail.data);
  const panel = panelOf(person, chat);
  if (panel.hidden) show(person, chat);
});

stream.addEventListener("ask", (event) => {
  const { person, chat, placeholder, photo } = JSON.parse(event.detail.data);
  const panel = panelOf(person, chat);
  const words = panel.querySelector("textarea");
  if (!words) return;
  panel.querySelector(".attach").classList.toggle("is-wanted", photo);
  words.placeholder = placeholder || words.dataset.placeholder;
  const isTheirs = panel.closest(".phone").contains(document.activeElement);
  if (placeholder && isTheirs && !panel.hidden && matchMedia("(hover: hover)").matches) words.focus({ preventScroll: true });
});

stream.addEventListener("reload", () => location.reload());

function tellLost(isLost) {
  lost.textContent = isLost ? lost.dataset.text : "";
  lost.classList.toggle("is-on", isLost);
}

stream.addEventListener("htmx:sse:error", () => tellLost(true));
stream.addEventListener("htmx:sse:after:connection", () => tellLost(false));

// On a phone's width: which person is on the screen

const current = new IntersectionObserver((entries) => {
  for (const entry of entries.filter((one) => one.isIntersecting)) {
    for (const link of all(".switch a")) {
      const isCurrent = link.hash === `#${entry.target.id}`;
      link.classList.toggle("is-current", isCurrent);
      if (isCurrent) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
  }
}, { root: document.getElementById("phones"), threshold: 0.6 });
all(".phone").forEach((phone) => current.observe(phone));

document.addEventListener("click", (event) => {
  const link = event.target.closest(".switch a");
  if (!link) return;
  event.preventDefault();
  const isCalm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  document.querySelector(link.hash).scrollIntoView({ behavior: isCalm ? "auto" : "smooth", inline: "start", block: "nearest" });
});

all(".chat:not([hidden])").forEach(toEnd);
