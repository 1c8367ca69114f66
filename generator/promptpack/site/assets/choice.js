// One choice of client, model and policy on every page: in the address, and remembered for the next.
// `window.promptpackChoice` is for the other scripts. Without a script each chip is a plain link.
(() => {
  "use strict";

  const KEY = "promptpack.choice";
  const KINDS = ["client", "model", "policy"];
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

  // The variant of these names that differs least: this one, or the first with what was chosen now.
  function nearest(names, wanted, kind) {
    const name = `${wanted.model}.${wanted.policy}`;
    if (names.includes(name)) return name;
    const part = kind === "model" ? 0 : 1;
    return names.find((one) => one.split(".")[part] === wanted[kind]) || names[0];
  }

  // Rows of links that choose on this page: `chosen(model, policy)` is called with each choice.
  function bind(box, names, current, chosen) {
    const rows = all(".pp-choice", box);
    const chips = rows.flatMap((row) => all(".pp-chip", row).map((chip) => [row.dataset.kind, chip]));
    const title = (kind, value) => chips
      .find(([one, chip]) => one === kind && chip.dataset.value === value)[1].firstElementChild.textContent;

    function choose(kind, value) {
      const [ownModel, ownPolicy] = nearest(names, { ...current, [kind]: value }, kind).split(".");
      Object.assign(current, { model: ownModel, policy: ownPolicy });
      chips.forEach(([one, chip]) => {
        const to = nearest(names, { ...current, [one]: chip.dataset.value }, one);
        const [model, policy] = to.split(".");
        if (chip.dataset.value === current[one]) chip.setAttribute("aria-current", "true");
        else chip.removeAttribute("aria-current");
        chip.pathname = chip.pathname.replace(/[^/]+$/, `${to}.html`);
        chip.lastElementChild.textContent = model === current.model || policy === current.policy
          ? "" : `(${title("model", model)}, ${title("policy", policy)})`;
      });
      chosen(current.model, current.policy, `${title("model", current.model)}, ${title("policy", current.policy)}`);
    }

    chips.forEach(([kind, chip]) => chip.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
      event.preventDefault();
      choose(kind, chip.dataset.value);
      keep({ model: current.model, policy: current.policy });
    }));
    return choose;
  }

  window.promptpackChoice = { read, keep, remember, carry, nearest, bind };
  carry();
})();
