// Two files as a review: which two is in the address, the difference is worked out here. What a page
// of a variant says of its differences is made the same way before (`comparison.py`, `line_pairs.py`).
(() => {
  "use strict";

  const box = document.querySelector(".pp-compare");
  if (!box) return;
  const form = box.querySelector("form");
  const links = [...document.querySelectorAll(".pp-all [data-name]")];
  if (!links.length) return;
  const legend = document.querySelector(".pp-words a").getAttribute("href");
  const AROUND = 2;
  const MOST_LINES = 3000;
  const MOST_PAIRED = 2500;
  const MOST_WORDS = 600;
  const MORE_THAN = 0.5;
  const NAME = /[\p{L}\p{N}_]+/gu;
  const WORD = /\s+|[\p{L}\p{N}_]+|[^\s\p{L}\p{N}_]/gu;
  const VERDICTS = ["wider", "not proven", "narrower", "same"];
  const EFFECTS = { allow: "allow", ask: "ask", deny: "deny", inherit: "client's own" };
  const RANKS = { deny: 0, ask: 1, allow: 2 };
  const { a, b, client, to } = form.elements;
  const byName = new Map(links.map((link) => [link.dataset.name, link]));

  function make(tag, className = "", ...inside) {
    const element = document.createElement(tag);
    if (className) element.className = className;
    element.append(...inside);
    return element;
  }

  const titles = (name) => [...byName.get(name).querySelectorAll("span")].map((span) => span.textContent);
  const clientTitle = (value) => [...client.options].find((option) => option.value === value).textContent;
  const plural = (number, noun) => `${number} ${noun}${number === 1 ? "" : "s"}`;

  // The longest common subsequence of what is left between equal ends: [kind, text] in order.
  function difference(old, now, most) {
    let start = 0;
    while (start < old.length && start < now.length && old[start] === now[start]) start += 1;
    let end = 0;
    while (end < old.length - start && end < now.length - start
      && old[old.length - 1 - end] === now[now.length - 1 - end]) end += 1;
    const same = (items) => items.map((item) => ["same", item]);
    const changed = middle(old.slice(start, old.length - end), now.slice(start, now.length - end), most);
    return [...same(old.slice(0, start)), ...changed, ...same(old.slice(old.length - end))];
  }

  function middle(x, y, most) {
    if (x.length > most || y.length > most) {
      return [...x.map((item) => ["gone", item]), ...y.map((item) => ["come", item])];
    }
    const width = y.length + 1;
    const longest = new Uint16Array((x.length + 1) * width);
    for (let i = x.length - 1; i >= 0; i -= 1) {
      for (let j = y.length - 1; j >= 0; j -= 1) {
        longest[i * width + j] = x[i] === y[j]
          ? longest[(i + 1) * width + j + 1] + 1
          : Math.max(longest[(i + 1) * width + j], longest[i * width + j + 1]);
      }
    }
    const found = [];
    let i = 0;
    let j = 0;
    while (i < x.length || j < y.length) {
      if (i < x.length && j < y.length && x[i] === y[j]) {
        found.push(["same", x[i]]);
        i += 1;
        j += 1;
      } else if (j >= y.length || (i < x.length && longest[(i + 1) * width + j] >= longest[i * width + j + 1])) {
        found.push(["gone", x[i]]);
        i += 1;
      } else {
        found.push(["come", y[j]]);
        j += 1;
      }
    }
    return found;
  }

  const words = (line) => line.match(WORD) || [];

  function count(line) {
    const counts = new Map();
    (line.match(NAME) || []).forEach((word) => counts.set(word, (counts.get(word) || 0) + 1));
    return counts;
  }

  function likeness(one, other) {
    const total = (counts) => [...counts.values()].reduce((sum, number) => sum + number, 0);
    let common = 0;
    one.forEach((number, word) => { common += Math.min(number, other.get(word) || 0); });
    const all = total(one) + total(other);
    return all ? (2 * common) / all : 1;
  }

  // The lines of a place that changed, in order; those much alike are a pair.
  function pairs(old, now) {
    if (old.length * now.length > MOST_PAIRED) {
      return [...old.map((line) => [line, null]), ...now.map((line) => [null, line])];
    }
    const counts = now.map(count);
    const found = [];
    let start = 0;
    old.forEach((line) => {
      const own = count(line);
      let best = -1;
      let most = 0;
      for (let n = start; n < now.length; n += 1) {
        const value = likeness(own, counts[n]);
        if (value > most) [best, most] = [n, value];
      }
      if (best < 0 || most <= MORE_THAN) found.push([line, null]);
      else {
        now.slice(start, best).forEach((other) => found.push([null, other]));
        found.push([line, now[best]]);
        start = best + 1;
      }
    });
    now.slice(start).forEach((line) => found.push([null, line]));
    return found;
  }

  // A line and what became of it, with the words marked that only one of them has.
  function pair(old, now) {
    const [x, y] = [words(old), words(now)];
    const del = make("del");
    const ins = make("ins");
    if (x.length + y.length > MOST_WORDS) {
      del.append(make("mark", "", old));
      ins.append(make("mark", "", now));
    } else {
      difference(x, y, MOST_WORDS).forEach(([kind, word]) => {
        if (kind !== "come") del.append(kind === "gone" ? make("mark", "", word) : word);
        if (kind !== "gone") ins.append(kind === "come" ? make("mark", "", word) : word);
      });
    }
    del.append("\n");
    ins.append("\n");
    return make("span", "pp-pair", del, ins);
  }

  // What went and what came, equal lines only around it, each place by itself.
  function text(found) {
    if (found.every(([kind]) => kind === "same")) return [make("p", "pp-note", "No change.")];
    const places = [];
    let code = make("code");
    let gone = [];
    let come = [];
    let skipped = true;
    const settle = () => {
      pairs(gone, come).forEach(([old, now]) => {
        if (old !== null && now !== null) code.append(pair(old, now));
        else code.append(make(old === null ? "ins" : "del", "", `${old === null ? now : old}\n`));
      });
      gone = [];
      come = [];
    };
    found.forEach(([kind, line], n) => {
      if (kind === "gone") gone.push(line);
      else if (kind === "come") come.push(line);
      else {
        settle();
        const near = found.slice(Math.max(0, n - AROUND), n + AROUND + 1).some(([other]) => other !== "same");
        if (near && skipped && n) {
          if (code.hasChildNodes()) places.push(code);
          code = make("code", "", make("span", "pp-gap", "⋯\n"));
        }
        if (near) code.append(make("span", "", `${line}\n`));
        skipped = !near;
      }
    });
    settle();
    return [...places, code].map((place) => make("pre", "pp-diff", place));
  }

  function badge(word) {
    const link = make("a", `pp-badge pp-${word}`, word);
    link.href = legend;
    return link;
  }

  const capability = (name) => (name === "mcp:*" ? "any other MCP server" : make("code", "", name));

  const joined = (names, last = ", ") => names.flatMap((name, n) => (
    n ? [n === names.length - 1 ? last : ", ", capability(name)] : [capability(name)]));

  function statement(grant, word) {
    const [effect, ...patterns] = grant;
    const inside = [make("span", `pp-${effect}`, EFFECTS[effect])];
    if (patterns.length) inside.push(` + ${plural(patterns.length, "pattern")}`);
    return word ? [...inside, " ", badge(word)] : inside;
  }

  // Grants of two packs are compared by their one effect; with patterns it can't be told.
  function judge(old, now, oldPack, newPack, oldHeld, newHeld) {
    if (oldPack === newPack && oldPack.orders.length) return VERDICTS[oldPack.orders[oldHeld][newHeld]];
    if (JSON.stringify(old) === JSON.stringify(now)) return "same";
    const plain = old.length === 1 && now.length === 1 && old[0] in RANKS && now[0] in RANKS;
    if (!plain) return "not proven";
    return RANKS[now[0]] > RANKS[old[0]] ? "wider" : "narrower";
  }

  // A server that one side does not name is any other one there.
  const rowOf = (rows, name) => rows.find((row) => row[0] === name) || rows.find((row) => row[0] === "mcp:*");

  function shifts(one, other) {
    const names = [...new Set([...one.rows, ...other.rows].map((row) => row[0]))];
    const groups = new Map();
    names.forEach((name) => {
      const [x, y] = [rowOf(one.rows, name), rowOf(other.rows, name)];
      const [old, now] = [one.pack.grants[x[2]], other.pack.grants[y[2]]];
      if (JSON.stringify([old, x[1]]) === JSON.stringify([now, y[1]])) return;
      const held = x[1] === "advisory" && y[1] === "advisory" ? 2 : 3;
      const verdict = judge(one.pack.grants[x[held]], other.pack.grants[y[held]], one.pack, other.pack, x[held], y[held]);
      const key = JSON.stringify([old, x[1], now, y[1], verdict]);
      if (!groups.has(key)) groups.set(key, { names: [], old: [old, x[1]], now: [now, y[1]], verdict });
      groups.get(key).names.push(name);
    });
    return [...groups.values()].sort((x, y) => VERDICTS.indexOf(x.verdict) - VERDICTS.indexOf(y.verdict));
  }

  function shiftList(found) {
    if (!found.length) return make("p", "pp-note", "No change.");
    return make("ul", "pp-shifts", ...found.map(({ names, old, now, verdict }) => make(
      "li", "pp-shift", ...joined(names), ": ", ...statement(...old), " → ", ...statement(...now), " ",
      make("strong", `pp-verdict pp-${verdict.replace(" ", "-")}`, verdict),
    )));
  }

  function lossList(losses, lead) {
    if (!losses.length) return [];
    const groups = new Map();
    losses.forEach(([word, subject, change, where, reason]) => {
      const key = JSON.stringify([word, change, where, reason]);
      groups.set(key, [...(groups.get(key) || []), subject]);
    });
    const items = [...groups].map(([key, subjects]) => {
      const [word, change, where, reason] = JSON.parse(key);
      const rest = `, ${change}${where ? `, ${where}` : ""}. ${reason}`;
      return make("li", "", ...joined(subjects, " and "), " ", make("strong", "", word), rest);
    });
    return [make("p", "pp-note", lead), make("ul", "pp-losses", ...items)];
  }

  function lossParts(one, other) {
    const keys = [one, other].map((file) => new Set(file.losses.map((loss) => JSON.stringify(loss))));
    const only = (file, known) => file.losses.filter((loss) => !known.has(JSON.stringify(loss)));
    const parts = [
      ...lossList(only(one, keys[1]), "Only in the first:"),
      ...lossList(only(other, keys[0]), "Only in the second:"),
    ];
    return parts.length ? parts : [make("p", "pp-note", "No change.")];
  }

  // A file with all that is known of it; `promptpack.js` reads the script of its pack.
  async function read(name, wanted) {
    const [owner, variant] = name.split("/");
    const clients = await window.promptpackClients(byName.get(name).dataset.files, name);
    const target = clients.includes(wanted) ? wanted : clients[0];
    const pack = window.promptpack[owner];
    const [table, losses, prompt] = pack.facts[variant][target];
    const lines = (items) => items.map((piece) => pack.pieces[piece].map((line) => pack.lines[line]).join("\n"))
      .join("").replace(/\n$/, "").split("\n");
    // A file that spells its prompt in its own way is compared as two texts of its own.
    const pieces = Array.isArray(prompt) ? prompt : pack.files[variant][target];
    const isPrompt = (n) => n === (Array.isArray(prompt) ? 1 : prompt);
    return {
      name, target, clients, pack,
      rows: pack.tables[table],
      losses: losses.map((loss) => pack.losses[loss]),
      head: lines(pieces.filter((_, n) => !isPrompt(n))),
      prompt: lines(pieces.filter((_, n) => isPrompt(n))),
    };
  }

  function address(query) {
    const url = new URL(location.href);
    Object.entries(query).forEach(([name, value]) => {
      if (value) url.searchParams.set(name, value);
      else url.searchParams.delete(name);
    });
    return url;
  }

  const state = { a: "", b: "", client: "", to: "", layout: "" };
  const query = () => ({ ...state, to: state.to === state.client ? "" : state.to });

  function chip(label, change) {
    const link = make("a", "pp-axis", label);
    const next = { ...query(), ...change };
    link.href = address(next);
    const isCurrent = Object.keys(change).every((key) => query()[key] === change[key]);
    if (isCurrent) link.setAttribute("aria-current", "true");
    link.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
      event.preventDefault();
      Object.assign(state, { to: "", ...change });
      show();
    });
    return link;
  }

  // What differs from the first file in one thing only.
  function axes(first) {
    const owner = state.a.split("/")[0];
    const parts = (name) => [0, 1, 2].map((part) => name.split("/")[1].split(".")[part] || "");
    const own = parts(state.a);
    const siblings = [...byName.keys()].filter((name) => name.startsWith(`${owner}/`) && name !== state.a);
    const others = (part) => siblings
      .filter((name) => parts(name).every((value, n) => n === part || value === own[n]))
      .map((name) => chip(titles(name)[part], { b: name, to: "" }));
    const rows = [
      ["Other policy", others(1)],
      ["Other model", others(0)],
      ["Other language", others(2)],
      ["Other client", first.clients.filter((name) => name !== first.target)
        .map((name) => chip(clientTitle(name), { b: state.a, to: name }))],
    ].filter(([, chips]) => chips.length);
    return rows.map(([label, chips]) => {
      const row = make("p", "pp-axis-row", make("span", "", label), ...chips);
      row.setAttribute("role", "group");
      row.setAttribute("aria-label", label);
      return row;
    });
  }

  function describe(file) {
    const link = make("a", "", `${byName.get(file.name).dataset.pack}: ${titles(file.name).join(", ")}`);
    link.href = byName.get(file.name).getAttribute("href").replace(/\?.*$/, `?client=${file.target}`);
    return [link, ` (${clientTitle(file.target)})`];
  }

  function summarize(found, changes) {
    const counted = VERDICTS.slice(0, 3).map((verdict) => [verdict, found
      .filter((shift) => shift.verdict === verdict).reduce((sum, { names }) => sum + names.length, 0)]);
    const permissions = counted.filter(([, number]) => number)
      .map(([verdict, number]) => `${plural(number, "permission")} ${verdict}`);
    const gone = changes.filter(([kind]) => kind === "gone").length;
    const come = changes.filter(([kind]) => kind === "come").length;
    if (!found.length && !gone && !come) return "Both are the same.";
    const lines = `${plural(gone, "line")} only in the first, ${come} only in the second`;
    return `${[...permissions, lines].join(", ")}.`;
  }

  function offer(select, clients, value) {
    [...select.options].forEach((option) => { option.disabled = option.hidden = !clients.includes(option.value); });
    select.value = value;
  }

  let latest = 0;

  async function show() {
    const turn = latest += 1;
    const [first, second] = await Promise.all([read(state.a, state.client), read(state.b, state.to || state.client)]);
    if (turn !== latest) return;
    state.client = first.target;
    state.to = second.target;
    const found = shifts(first, second);
    const head = difference(first.head, second.head, MOST_LINES);
    const prompt = difference(first.prompt, second.prompt, MOST_LINES);
    a.value = state.a;
    b.value = state.b;
    offer(client, first.clients, first.target);
    offer(to, second.clients, second.target);
    box.querySelector(".pp-axes").replaceChildren(...axes(first));
    box.querySelector(".pp-between").replaceChildren("From ", ...describe(first), " to ", ...describe(second));
    box.querySelector(".pp-count").textContent = summarize(found, [...head, ...prompt]);
    box.querySelector(".pp-found").replaceChildren(
      make("h2", "", "Permissions"), shiftList(found),
      make("h2", "", "Losses"), ...lossParts(first, second),
      make("h2", "", "Front matter"), ...text(head),
      make("h2", "", "Prompt"), ...text(prompt),
    );
    form.hidden = false;
    box.querySelectorAll(".pp-axis-row").forEach(window.promptpackReveal);
    history.replaceState(history.state, "", address(query()));
  }

  function options(select) {
    const groups = new Map();
    links.forEach((link) => {
      const { pack, name } = link.dataset;
      if (!groups.has(pack)) groups.set(pack, Object.assign(document.createElement("optgroup"), { label: pack }));
      groups.get(pack).append(new Option(link.textContent, name));
    });
    select.append(...groups.values());
  }

  // Without two names the first pack's first variant, and the first that differs in the policy alone.
  function start() {
    const asked = new URL(location.href).searchParams;
    const known = (name) => (byName.has(name) ? name : "");
    state.a = known(asked.get("a")) || links[0].dataset.name;
    const [owner, model] = state.a.split(".")[0].split("/");
    const near = [...byName.keys()].filter((name) => name !== state.a && name.startsWith(`${owner}/`));
    const sibling = near.find((name) => name.startsWith(`${owner}/${model}.`)) || near[0];
    state.b = known(asked.get("b")) || sibling || state.a;
    const kept = window.promptpackChoice ? window.promptpackChoice.read().client : "";
    state.client = asked.get("client") || kept || "";
    state.to = asked.get("to") || "";
    state.layout = asked.get("layout") === "split" ? "split" : "";
    [...form.elements.layout].forEach((radio) => { radio.checked = radio.value === (state.layout || "unified"); });
  }

  [a, b].forEach(options);
  start();
  form.addEventListener("change", (event) => {
    const { name, value } = event.target;
    if (name === "layout") state.layout = value === "split" ? value : "";
    else state[name] = value;
    if (name === "client") state.to = "";
    if (name === "layout") history.replaceState(history.state, "", address(query()));
    else show();
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  show();
})();
