// Two variants side by side: which two is in the address, the difference is worked out here.
(() => {
  "use strict";

  const box = document.querySelector(".pp-compare");
  if (!box) return;
  const form = box.querySelector("form");
  const table = box.querySelector(".pp-sides");
  const status = box.querySelector(".pp-count");
  const links = [...document.querySelectorAll(".pp-all [data-name]")];
  const AROUND = 3;
  const MOST = 3000;
  const { a, b, client } = form.elements;

  function options(select) {
    const groups = new Map();
    links.forEach((link) => {
      const { pack, name } = link.dataset;
      if (!groups.has(pack)) groups.set(pack, Object.assign(document.createElement("optgroup"), { label: pack }));
      groups.get(pack).append(new Option(link.textContent, name));
    });
    select.append(...groups.values());
  }

  // The longest common subsequence of what is left between equal ends.
  function difference(old, now) {
    let start = 0;
    while (start < old.length && start < now.length && old[start] === now[start]) start += 1;
    let end = 0;
    while (end < old.length - start && end < now.length - start
      && old[old.length - 1 - end] === now[now.length - 1 - end]) end += 1;
    const x = old.slice(start, old.length - end);
    const y = now.slice(start, now.length - end);
    const same = (lines) => lines.map((line) => ["same", line, line]);
    return [...same(old.slice(0, start)), ...middle(x, y), ...same(old.slice(old.length - end))];
  }

  function middle(x, y) {
    if (x.length > MOST || y.length > MOST) {
      return [...x.map((line) => ["gone", line]), ...y.map((line) => ["come", line])];
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
        found.push(["same", x[i], y[j]]);
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

  // What went and what came beside each other, equal lines only around them.
  function rows(found) {
    const near = found.map((_, n) => found.slice(Math.max(0, n - AROUND), n + AROUND + 1)
      .some(([kind]) => kind !== "same"));
    const made = [];
    let gone = [];
    let come = [];
    const settle = () => {
      for (let n = 0; n < Math.max(gone.length, come.length); n += 1) made.push([gone[n], come[n], true]);
      gone = [];
      come = [];
    };
    found.forEach(([kind, line, other], n) => {
      if (kind === "gone") gone.push(line);
      else if (kind === "come") come.push(line);
      else {
        settle();
        if (near[n]) made.push([line, other, false]);
        else if (made.length === 0 || made[made.length - 1] !== null) made.push(null);
      }
    });
    settle();
    return made;
  }

  function cell(line, element) {
    const td = document.createElement("td");
    if (line === undefined) return td;
    const inside = element ? document.createElement(element) : td;
    inside.textContent = line;
    if (element) td.append(inside);
    return td;
  }

  function row(made) {
    const tr = document.createElement("tr");
    if (made === null) {
      tr.className = "pp-gap";
      const td = Object.assign(document.createElement("td"), { colSpan: 2, textContent: "⋯" });
      tr.append(td);
    } else {
      if (!made[2]) tr.className = "pp-same";
      tr.append(cell(made[0], made[2] && "del"), cell(made[1], made[2] && "ins"));
    }
    return tr;
  }

  const linkOf = (name) => links.find((link) => link.dataset.name === name);

  function head(names) {
    const tr = document.createElement("tr");
    names.forEach((name) => {
      const th = Object.assign(document.createElement("th"), { scope: "col" });
      const page = linkOf(name).getAttribute("href").replace(/\?.*$/, `?client=${client.value}`);
      th.append(Object.assign(document.createElement("a"), { href: page, textContent: linkOf(name).textContent }));
      tr.append(th);
    });
    const thead = document.createElement("thead");
    thead.append(tr);
    return thead;
  }

  async function show() {
    const sources = [a.value, b.value].map((name) => [linkOf(name).dataset.files, name]);
    const clients = await Promise.all(sources.map((pair) => window.promptpackClients(...pair)));
    const both = clients[0].filter((name) => clients[1].includes(name));
    const asked = client.value || new URL(location.href).searchParams.get("client");
    client.replaceChildren(...both.map((name) => new Option(name, name)));
    client.value = both.includes(asked) ? asked : both[0];
    const [old, now] = await Promise.all(
      sources.map((pair) => window.promptpackFile(...pair, client.value)),
    );
    const found = difference(old.split("\n"), now.split("\n"));
    const body = document.createElement("tbody");
    body.append(...rows(found).map(row));
    const gone = found.filter(([kind]) => kind === "gone").length;
    const come = found.filter(([kind]) => kind === "come").length;
    table.replaceChildren(...(gone || come ? [head([a.value, b.value]), body] : []));
    status.textContent = gone || come
      ? `${gone} line${gone === 1 ? "" : "s"} only on the left, ${come} only on the right.`
      : "Both are the same.";
    const url = new URL(location.href);
    url.searchParams.set("a", a.value);
    url.searchParams.set("b", b.value);
    url.searchParams.set("client", client.value);
    history.replaceState(history.state, "", url);
  }

  if (!links.length) return;
  const asked = new URL(location.href).searchParams;
  [a, b].forEach(options);
  const known = (name, other) => (linkOf(name) ? name : other.dataset.name);
  a.value = known(asked.get("a"), links[0]);
  b.value = known(asked.get("b"), links[1] || links[0]);
  box.hidden = false;
  form.addEventListener("change", show);
  form.addEventListener("submit", (event) => event.preventDefault());
  show();
})();
