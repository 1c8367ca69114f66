// What the pages can do beyond being read: copy, and choose by address. Every page reads without.
(() => {
  "use strict";

  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const address = () => new URL(location.href);
  const choice = window.promptpackChoice;
  const own = document.currentScript.src;

  // The search dialog of the theme has no name of its own.
  all(".md-search[role=dialog]").forEach((dialog) => dialog.setAttribute("aria-label", "Search"));

  // Nor have what the theme lets the keyboard scroll or open: results, code, parts of the navigation.
  function name(selector, role, label) {
    all(selector).forEach((one) => {
      if (one.hasAttribute("role")) return;
      one.setAttribute("role", role);
      const text = one.textContent.trim() ? "" : one.previousElementSibling?.textContent.trim();
      if (label || text) one.setAttribute("aria-label", label || `Pages under ${text}`);
    });
  }
  name(".md-search__scrollwrap", "region", "Search results");
  name("pre:not(.pp-diff) > code", "group", "Code");
  name(".md-typeset__scrollwrap", "group", "Table");
  name(".md-nav__link[for][tabindex]", "button");

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

  window.promptpackCopy = copied;

  // The page of an answer names variants, each of which can be copied.
  all(".pp-answers").forEach((box) => all("[data-pp-variant]", box).forEach((button) => {
    const source = button.closest("[data-files]").dataset.files;
    const { client } = box.dataset;
    button.hidden = false;
    button.setAttribute("aria-label", `Copy ${button.previousElementSibling.textContent}`);
    button.onclick = async () => copied(button, await window.promptpackFile(source, button.dataset.ppVariant, client));
  }));
  all(".pp-answers").forEach((box) => choice.remember({ client: box.dataset.client }));

  // On a pack's page the chips choose the variant that is shown, copied, downloaded and installed.
  function choosePack(box, asked) {
    const names = box.dataset.variants.split(" ");
    const [owner, first] = box.dataset.name.split("/");
    const choose = choice.bind(box, names, choice.split(first), (name, title) => {
      const old = box.dataset.name.split("/")[1];
      box.dataset.name = `${owner}/${name}`;
      all(".pp-chosen a", box).forEach((link) => {
        link.pathname = link.pathname.replace(/[^/]+$/, `${name}.html`);
        link.textContent = title;
      });
      all("a[download]", box).forEach((link) => {
        link.pathname = link.pathname.replace(/[^/]+$/, `${name}.txt`);
      });
      all(".pp-command code", box).forEach((code) => {
        code.textContent = code.textContent.replace(` --variant ${old} `, ` --variant ${name} `);
      });
    });
    ["model", "policy", "language"].forEach((kind) => {
      if (asked[kind] && names.some((name) => choice.split(name)[kind] === asked[kind])) choose(kind, asked[kind]);
    });
  }

  // A sheet: which client and which view, kept in the address.
  function sheet(box) {
    const radios = all(".pp-pick input", box);
    const chosen = (name) => radios.find((radio) => radio.name === name && radio.checked);
    const number = () => radios.filter((radio) => radio.name === "client").indexOf(chosen("client"));
    const lines = () => all(".pp-file pre > span", box).filter((line) => {
      const some = line.closest(".pp-of");
      return !some || some.classList.contains(`f${number()}`);
    });

    // The view is kept in the address, and in the links to the variant's siblings.
    function keepView(view) {
      const url = address();
      url.searchParams.set("view", view);
      history.replaceState(history.state, "", url);
      all(".pp-chip", box).forEach((chip) => {
        const query = new URLSearchParams(chip.search);
        query.set("view", view);
        chip.search = query.toString();
      });
    }

    function toLine() {
      const match = /^#L(\d+)$/.exec(location.hash);
      all(".pp-here", box).forEach((line) => line.classList.remove("pp-here"));
      const line = match && lines()[match[1] - 1];
      if (!line) return;
      line.classList.add("pp-here");
      if (line.offsetParent) line.scrollIntoView({ block: "center" });
    }

    const asked = { ...choice.read(), view: address().searchParams.get("view") };
    radios.forEach((radio) => {
      if (asked[radio.name] === radio.value) {
        radio.checked = true;
        if (radio.name === "client") choice.remember({ client: radio.value });
      }
      radio.addEventListener("change", () => {
        if (radio.name === "client") choice.keep({ client: radio.value });
        else keepView(radio.value);
      });
    });
    if (asked.view) keepView(asked.view);
    all("[data-pp-file]", box).forEach((button) => {
      button.hidden = false;
      button.onclick = async () => {
        const text = box.dataset.files
          ? await window.promptpackFile(box.dataset.files, box.dataset.name, chosen("client").value)
          : lines().map((line) => line.textContent).join("");
        await copied(button, text);
      };
    });
    if (box.dataset.files) choosePack(box, asked);
    else if (box.dataset.name) {
      const parts = choice.split(box.dataset.name.split("/")[1]);
      choice.remember(Object.fromEntries(all(".pp-choice", box).map(({ dataset }) => [dataset.kind, parts[dataset.kind]])));
      box.addEventListener("click", (event) => {
        const line = event.target.closest(".pp-file pre > span");
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

  // Only the home page has a catalogue.
  if (document.querySelector(".pp-catalogue")) {
    const src = own.replace(/promptpack\.js([?#].*)?$/, "catalogue.js");
    document.head.append(Object.assign(document.createElement("script"), { src }));
  }

  // Where a row of chips or tabs scrolls, what is chosen is in view; the page stays where it is.
  function reveal(row) {
    const chip = row.querySelector("[aria-current], input:checked + label");
    if (!chip) return;
    const isBefore = chip.offsetLeft < row.scrollLeft;
    const isAfter = chip.offsetLeft + chip.offsetWidth > row.scrollLeft + row.clientWidth;
    if (isBefore || isAfter) row.scrollLeft = chip.offsetLeft - 60;
  }
  window.promptpackReveal = reveal;
  all(".pp-choice, .pp-client, .pp-view").forEach((row) => {
    reveal(row);
    row.addEventListener("change", () => reveal(row));
  });
})();
