// What the pages can do beyond being read: copy, choose by address, filter. Every page reads without.
(() => {
  "use strict";

  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const address = () => new URL(location.href);

  function remember(change) {
    const url = address();
    change(url.searchParams);
    history.replaceState(history.state, "", url);
  }

  // The search dialog of the theme has no name of its own.
  all(".md-search[role=dialog]").forEach((dialog) => dialog.setAttribute("aria-label", "Search"));

  async function copy(text) {
    if (navigator.clipboard && window.isSecureContext) {
      try {
        await navigator.clipboard.writeText(text);
        return true;
      } catch { /* not allowed: the old way is left */ }
    }
    const area = Object.assign(document.createElement("textarea"), { value: text, readOnly: true });
    area.style.cssText = "position:fixed;opacity:0";
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done;
  }

  async function copied(button, text) {
    const label = button.dataset.label || button.textContent;
    button.dataset.label = label;
    button.textContent = (await copy(text)) ? "Copied" : "Can't copy";
    button.setAttribute("aria-live", "polite");
    setTimeout(() => { button.textContent = label; }, 1500);
  }

  all("[data-pp-copy]").forEach((button) => {
    button.hidden = false;
    button.onclick = () => copied(button, button.previousElementSibling.textContent);
  });

  // The files of a pack, read from a script: a page on a disk may load nothing else. A file has the
  // name `pack/variant`, for one client.
  const loading = {};
  function pack(source, name) {
    loading[name] = loading[name] || new Promise((resolve, reject) => {
      const script = Object.assign(document.createElement("script"), { src: source });
      script.onload = () => resolve(window.promptpack[name]);
      script.onerror = () => reject(new Error(`no ${source}`));
      document.head.append(script);
    });
    return loading[name];
  }

  window.promptpackClients = async (source, name) => {
    const [owner, variant] = name.split("/");
    return Object.keys((await pack(source, owner)).files[variant]);
  };
  window.promptpackFile = async (source, name, client) => {
    const [owner, variant] = name.split("/");
    const { lines, pieces, files } = await pack(source, owner);
    const text = (piece) => pieces[piece].map((line) => lines[line]).join("\n");
    return files[variant][client].map(text).join("");
  };

  // A sheet: which client and which view, kept in the address.
  function sheet(box) {
    const radios = all(".pp-pick input", box);
    const chosen = (name) => radios.find((radio) => radio.name === name && radio.checked);
    const number = () => radios.filter((radio) => radio.name === "client").indexOf(chosen("client"));
    const lines = () => all(".pp-file code > span", box).filter((line) => {
      const run = line.closest(".pp-run");
      return !run || !run.classList.contains("pp-of") || run.classList.contains(`f${number()}`);
    });

    function toLine() {
      const match = /^#L(\d+)$/.exec(location.hash);
      all(".pp-here", box).forEach((line) => line.classList.remove("pp-here"));
      const line = match && lines()[match[1] - 1];
      if (!line) return;
      line.classList.add("pp-here");
      if (line.offsetParent) line.scrollIntoView({ block: "center" });
    }

    const asked = address().searchParams;
    radios.forEach((radio) => {
      if (asked.get(radio.name) === radio.value) radio.checked = true;
      radio.addEventListener("change", () => {
        const first = radios.find((other) => other.name === radio.name) === radio;
        remember((query) => first ? query.delete(radio.name) : query.set(radio.name, radio.value));
      });
    });
    all("[data-pp-file]", box).forEach((button) => {
      button.hidden = false;
      button.onclick = async () => {
        const text = box.dataset.files
          ? await window.promptpackFile(box.dataset.files, box.dataset.name, chosen("client").value)
          : lines().map((line) => line.textContent).join("");
        await copied(button, text);
      };
    });
    if (!box.dataset.files) {
      box.addEventListener("click", (event) => {
        const line = event.target.closest(".pp-file code > span");
        if (!line || event.offsetX > 36 || !getSelection().isCollapsed) return;
        const url = address();
        url.hash = `L${lines().indexOf(line) + 1}`;
        history.replaceState(history.state, "", url);
        toLine();
      });
      addEventListener("hashchange", toLine);
      toLine();
    }
  }
  all(".pp-sheet").forEach(sheet);

  // The catalogue: a card stays while one of its variants fits every kind of choice.
  function catalogue(box) {
    const form = box.querySelector(".pp-filters");
    const cards = all(".pp-card", box);
    const count = box.querySelector(".pp-count");
    const reset = form.querySelector("[type=reset]");
    const inputs = all("input", form);
    const words = (card, name) => (card.dataset[name] || "").split(" ");
    const some = (wanted, has) => !wanted.length || wanted.some((one) => has.includes(one));

    function wanted() {
      const found = { model: [], policy: [], target: [], tag: [] };
      inputs.filter((input) => input.checked).forEach((input) => found[input.name].push(input.value));
      return found;
    }

    function fits(card, asked) {
      const variants = words(card, "variants").map((name) => name.split("."));
      return some(asked.target, words(card, "targets"))
        && some(asked.tag, words(card, "tags"))
        && variants.some(([model, policy]) => some(asked.model, [model]) && some(asked.policy, [policy]));
    }

    function show() {
      const asked = wanted();
      const left = cards.filter((card) => !(card.hidden = !fits(card, asked))).length;
      const agents = `${cards.length} agent${cards.length === 1 ? "" : "s"}`;
      count.textContent = left === cards.length ? agents : `${left} of ${agents}`;
      reset.hidden = !inputs.some((input) => input.checked);
    }

    function kept() {
      const asked = wanted();
      remember((query) => Object.entries(asked).forEach(([kind, names]) => {
        query.delete(kind);
        names.forEach((name) => query.append(kind, name));
      }));
    }

    const asked = address().searchParams;
    inputs.forEach((input) => { input.checked = asked.getAll(input.name).includes(input.value); });
    form.hidden = false;
    form.addEventListener("change", () => { show(); kept(); });
    form.addEventListener("reset", () => setTimeout(() => { show(); kept(); }));
    form.addEventListener("submit", (event) => event.preventDefault());
    show();
  }
  all(".pp-catalogue").forEach(catalogue);
})();
