// The catalogue of the home page: filters, in the address; cards lead to the variants that fit them.
(() => {
  "use strict";

  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const choice = window.promptpackChoice;
  const SHOWN = 4;
  const plural = (number, noun) => `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;
  const make = (tag, properties, ...children) => {
    const element = Object.assign(document.createElement(tag), properties);
    element.append(...children);
    return element;
  };

  function catalogue(box) {
    const form = box.querySelector(".pp-filters");
    const list = box.querySelector(".pp-cards");
    const count = box.querySelector(".pp-count");
    const reset = box.querySelector(".pp-reset");
    const loosen = box.querySelector(".pp-loosen");
    const inputs = all("input:not([type=search])", form);
    const { words, sort } = form.elements;
    const label = (input) => input.nextElementSibling.textContent;
    const titles = {};
    inputs.forEach((input) => { (titles[input.name] = titles[input.name] || {})[input.value] = label(input); });

    // What the variants with each number may do: digits, one a topic, by client. A digit is the
    // place of the effect among the chips of its topic.
    const topics = [...new Set(all(".pp-topics input", form).map((input) => input.name))];
    const places = Object.fromEntries(topics.map((topic) => [topic, Object.fromEntries(
      inputs.filter((input) => input.name === topic).map((input, n) => [input.value, `${n}`]))]));
    const abilities = box.dataset.abilities.split(";").map((set) => set.split(" ").map((one) => one.split(":")));
    const cards = all(".pp-card", box).map((card, number) => ({
      card,
      number,
      text: all("h2, h2 + p, .pp-tags", card).map((part) => part.textContent).join(" ").toLowerCase(),
      title: card.querySelector("h2").textContent,
      name: /packs\/([^/]+)\//.exec(card.querySelector("h2 a").pathname)[1],
      tags: card.dataset.tags.split(" "),
      variants: card.dataset.variants.split(" ").map((one) => {
        const [name, set] = one.split(":");
        const [model, policy, ...language] = name.split(".");
        const title = [titles.model[model], titles.policy[policy], ...language].join(", ");
        return { name, model, policy, title, clients: abilities[set] };
      }),
    }));

    function wanted() {
      const found = { words: words.value.trim(), client: [], model: [], policy: [], tag: [] };
      topics.forEach((topic) => { found[topic] = []; });
      inputs.filter((input) => input.checked && input.value).forEach((input) => found[input.name].push(input.value));
      return found;
    }

    const some = (asked, has) => !asked.length || asked.some((one) => has.includes(one));

    // What is asked, as it is compared with each variant.
    const prepare = (asked) => ({
      ...asked,
      terms: asked.words.toLowerCase().split(/\s+/).filter(Boolean),
      digits: topics.map((topic) => asked[topic].map((effect) => places[topic][effect])),
    });

    // The clients in which a variant does what is asked.
    function clientsOf(one, variant, asked) {
      if (!some(asked.tag, one.tags)) return [];
      if (!some(asked.model, [variant.model]) || !some(asked.policy, [variant.policy])) return [];
      const text = `${one.text} ${one.name} ${variant.name} ${variant.title}`.toLowerCase();
      return variant.clients.filter(([client, digits]) => some(asked.client, [client])
        && asked.digits.every((wanted, n) => some(wanted, [digits[n]]))
        && asked.terms.every((term) => text.includes(term) || titles.client[client].toLowerCase().includes(term)))
        .map(([client]) => client);
    }

    function fitting(one, asked) {
      const ready = prepare(asked);
      return one.variants.map((variant) => [variant, clientsOf(one, variant, ready)])
        .filter(([, clients]) => clients.length);
    }

    function countCards(asked) {
      const ready = prepare(asked);
      return cards.filter((one) => one.variants
        .some((variant) => clientsOf(one, variant, ready).length)).length;
    }

    const isActive = (asked) => Object.values(asked).some((values) => values.length);

    function item(one, [variant, clients], asked) {
      const [client] = clients;
      const link = make("a", { textContent: variant.title });
      const home = one.card.querySelector("h2 a");
      link.href = home.href.replace(/index\.html.*$/, `${variant.name}.html?client=${encodeURIComponent(client)}`);
      const others = asked.client.length ? "" : ` ${titles.client[client]}${clients.length > 1 ? ` and ${clients.length - 1} more` : ""}`;
      const button = make("button", { type: "button", className: "pp-button", textContent: "Copy" });
      button.setAttribute("aria-label", `Copy ${variant.title} for ${titles.client[client]}`);
      button.onclick = async () => window.promptpackCopy(button,
        await window.promptpackFile(one.card.dataset.files, `${one.name}/${variant.name}`, client));
      return make("li", {}, make("span", {}, link, make("small", { textContent: others })), button);
    }

    // Instead of the default variant, the card names those that fit.
    function fill(one, fits, asked) {
      all(".pp-fits, .pp-rest", one.card).forEach((old) => old.remove());
      const best = one.card.querySelector(".pp-best");
      best.hidden = isActive(asked);
      if (!best.hidden) return;
      const first = fits.filter(([variant]) => one.card.querySelector(".pp-best a").pathname.endsWith(`/${variant.name}.html`));
      const sorted = [...first, ...fits.filter((fit) => !first.includes(fit))];
      const shown = sorted.length > SHOWN + 1 ? SHOWN : sorted.length;
      one.card.append(make("ul", { className: "pp-fits" }, ...sorted.slice(0, shown).map((fit) => item(one, fit, asked))));
      if (sorted.length > shown) {
        const more = make("button", { type: "button", className: "pp-button", textContent: `${sorted.length - shown} more` });
        const rest = make("p", { className: "pp-rest" }, more);
        more.onclick = () => {
          const added = sorted.slice(shown).map((fit) => item(one, fit, asked));
          one.card.querySelector(".pp-fits").append(...added);
          rest.remove();
          added[0].querySelector("a").focus();
        };
        one.card.append(rest);
      }
    }

    function order() {
      const keys = {
        name: (a, b) => a.title.localeCompare(b.title, "en"),
        tokens: (a, b) => a.card.dataset.tokens - b.card.dataset.tokens,
        variants: (a, b) => b.variants.length - a.variants.length,
      };
      const by = keys[sort.value] || (() => 0);
      list.append(...[...cards].sort((a, b) => by(a, b) || a.number - b.number).map((one) => one.card));
    }

    // Which one filter, left out, would leave something: said where nothing is left.
    function advise(asked) {
      const active = Object.keys(asked).filter((kind) => asked[kind].length);
      const without = (kinds) => Object.fromEntries(kinds.map((kind) => [kind, kind === "words" ? "" : []]));
      const list = (sets) => sets.map((kinds) => {
        const title = kinds.map((kind) => describe(kind, asked[kind])).join(" and ");
        return { kinds, title, left: countCards({ ...asked, ...without(kinds) }) };
      }).filter((way) => way.left).sort((a, b) => b.left - a.left);
      const pairs = active.flatMap((kind, n) => active.slice(n + 1).map((other) => [kind, other]));
      const single = list(active.map((kind) => [kind]));
      const ways = single.length ? single : list(pairs);
      const text = ways.length ? "No agent fits. Leave out:" : "No agent fits these filters.";
      loosen.replaceChildren(make("p", { textContent: text }), make("p", {}, ...ways.map((way) => {
        const button = make("button", { type: "button", className: "pp-button", textContent: `${way.title} (then ${plural(way.left, "agent")})` });
        button.onclick = () => { way.kinds.forEach((kind) => clear(kind)); changed(); words.focus(); };
        return button;
      })));
    }

    function describe(kind, values) {
      if (kind === "words") return `“${values}”`;
      const legend = form.querySelector(`[name="${kind}"]`).closest("fieldset").querySelector("legend").textContent;
      return `${legend}: ${values.map((value) => titles[kind][value]).join(" or ")}`;
    }

    function clear(kind) {
      if (kind === "words") words.value = "";
      inputs.filter((input) => input.name === kind).forEach((input) => { input.checked = !input.value; });
    }

    // A question is a set of filters; another one takes its place.
    const parse = (button) => button.dataset.filters.split(" ").map((one) => one.split(":"));
    const buttons = all("[data-filters]", form);
    const isPressed = (button, asked) => {
      const filters = Object.fromEntries(parse(button));
      return topics.every((topic) => asked[topic].join() === (filters[topic] || ""));
    };
    buttons.forEach((button) => {
      button.onclick = () => {
        const pressed = isPressed(button, wanted());
        topics.forEach(clear);
        if (!pressed) {
          parse(button).forEach(([topic, effect]) => {
            inputs.find((input) => input.name === topic && input.value === effect).checked = true;
          });
        }
        changed();
      };
    });

    function show() {
      const asked = wanted();
      let agents = 0;
      let variants = 0;
      cards.forEach((one) => {
        const fits = fitting(one, asked);
        one.card.hidden = !fits.length;
        agents += fits.length ? 1 : 0;
        variants += fits.length;
        fill(one, fits, asked);
      });
      const total = plural(cards.length, "agent");
      const left = agents === cards.length ? total : `${agents} of ${total}`;
      count.textContent = isActive(asked) && agents ? `${left}, ${plural(variants, "variant")}` : left;
      reset.hidden = !isActive(asked);
      loosen.hidden = agents > 0;
      box.querySelector(".pp-scope").hidden = !agents || !topics.some((topic) => asked[topic].length);
      if (!agents) advise(asked);
      buttons.forEach((button) => button.setAttribute("aria-pressed", String(isPressed(button, asked))));
      inputs.forEach((input) => {
        const kind = input.name;
        input.nextElementSibling.dataset.count = countCards({ ...asked, [kind]: input.value ? [input.value] : [] });
      });
      order();
    }

    // What is asked, in the address; the client is the reader's on every other page too.
    function changed() {
      const asked = wanted();
      const url = new URL(location.href);
      Object.entries({ ...asked, words: asked.words ? [asked.words] : [], sort: sort.value ? [sort.value] : [] })
        .forEach(([kind, values]) => {
          url.searchParams.delete(kind);
          values.forEach((value) => url.searchParams.append(kind, value));
        });
      history.replaceState(history.state, "", url);
      choice.remember({ client: asked.client[0] || "" });
      show();
    }

    const query = new URL(location.href).searchParams;
    inputs.forEach((input) => { input.checked = query.getAll(input.name).includes(input.value); });
    const client = inputs.find((input) => input.name === "client" && input.value === choice.read().client);
    (client || inputs.find((input) => input.name === "client")).checked = true;
    words.value = query.get("words") || "";
    sort.value = query.get("sort") || "";
    if (!sort.value) sort.value = "";
    const more = form.querySelector(".pp-more");
    more.open = inputs.some((input) => input.checked && input.value && more.contains(input) && !input.closest(".pp-topics"));
    form.addEventListener("input", changed);
    form.addEventListener("submit", (event) => event.preventDefault());
    reset.addEventListener("click", () => {
      ["words", "client", "model", "policy", "tag", ...topics].forEach(clear);
      changed();
    });
    show();
    box.classList.add("pp-ready");
  }
  all(".pp-catalogue").forEach(catalogue);
})();
