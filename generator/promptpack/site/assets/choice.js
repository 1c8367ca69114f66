// One choice of client, model, policy and language on every page: in the address, and remembered for the next.
// `window.promptpackChoice` is for the other scripts. Without a script each chip is a plain link.
(() => {
  "use strict";

  const KEY = "promptpack.choice";
  const PARTS = ["model", "policy", "language"];
  const KINDS = ["client", ...PARTS];
  const PAGE = /\/(packs\/[^/]+\/(index|[^/]+\.[^/]+)|compare)\.html$/;
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];

  // A browser may refuse to store anything; then only the address tells.
  function remembered() {
    try {
      return JSON.parse(localStorage.getItem(KEY)) || {};
    } catch {
      return {};
    }
  }

  function store(choice) {
    try {
      localStorage.setItem(KEY, JSON.stringify(choice));
    } catch { /* not remembered */ }
  }

  // What the address says goes before what is remembered.
  function read() {
    const asked = new URL(location.href).searchParams;
    const known = remembered();
    return Object.fromEntries(KINDS.map((kind) => [kind, asked.get(kind) || known[kind] || ""]));
  }

  // Remember some of a choice; an empty value forgets.
  function remember(change) {
    const choice = { ...remembered(), ...change };
    store(Object.fromEntries(Object.entries(choice).filter(([, value]) => value)));
    carry();
  }

  // The same, and in the address of this page.
  function keep(change) {
    const url = new URL(location.href);
    Object.entries(change).forEach(([kind, value]) => {
      if (value) url.searchParams.set(kind, value);
      else url.searchParams.delete(kind);
    });
    history.replaceState(history.state, "", url);
    remember(change);
  }

  // Links to packs, variants and the comparison take the client along, unless they name one.
  function carry(root = document) {
    const { client } = read();
    all(".md-content a[href]", root).forEach((link) => {
      const query = new URLSearchParams(link.search);
      if (!PAGE.test(link.pathname) || (query.has("client") && !link.dataset.carries)) return;
      if (link.protocol !== location.protocol || link.host !== location.host) return;
      if (client) query.set("client", client);
      else query.delete("client");
      link.dataset.carries = "client";
      link.search = query.toString();
    });
  }

  // What a variant's name says; of the language that a pack is written in, nothing.
  const split = (name) => Object.fromEntries(PARTS.map((part, n) => [part, name.split(".")[n] || ""]));
  const join = (parts) => PARTS.map((part) => parts[part]).filter(Boolean).join(".");
  const differences = (one, other) => PARTS.filter((part) => one[part] !== other[part]).length;

  // The variant of these names that differs least: this one, or the first with what was chosen now.
  function nearest(names, wanted, kind) {
    if (names.includes(join(wanted))) return join(wanted);
    const fitting = names.filter((name) => split(name)[kind] === wanted[kind]);
    const count = (name) => differences(split(name), wanted);
    return fitting.reduce((best, name) => (count(name) < count(best) ? name : best), fitting[0]) || names[0];
  }

  // Rows of links that choose on this page: `chosen(name, title)` is called with each choice.
  function bind(box, names, current, chosen) {
    const rows = all(".pp-choice", box);
    const chips = rows.flatMap((row) => all(".pp-chip", row).map((chip) => [row.dataset.kind, chip]));
    const title = (kind, value) => chips
      .find(([one, chip]) => one === kind && chip.dataset.value === value)[1].firstElementChild.textContent;

    const kinds = PARTS.filter((part) => chips.some(([kind]) => kind === part));
    const describe = (parts) => kinds.map((kind) => title(kind, parts[kind])).join(", ");

    function choose(kind, value) {
      Object.assign(current, split(nearest(names, { ...current, [kind]: value }, kind)));
      chips.forEach(([one, chip]) => {
        const to = nearest(names, { ...current, [one]: chip.dataset.value }, one);
        if (chip.dataset.value === current[one]) chip.setAttribute("aria-current", "true");
        else chip.removeAttribute("aria-current");
        chip.pathname = chip.pathname.replace(/[^/]+$/, `${to}.html`);
        const isFar = differences(split(to), current) > 1;
        chip.lastElementChild.textContent = isFar ? `(${describe(split(to))})` : "";
      });
      chosen(join(current), describe(current));
    }

    chips.forEach(([kind, chip]) => chip.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
      event.preventDefault();
      choose(kind, chip.dataset.value);
      keep(Object.fromEntries(kinds.map((one) => [one, current[one]])));
    }));
    return choose;
  }

  window.promptpackChoice = { read, keep, remember, carry, nearest, bind, split };
  carry();
})();
