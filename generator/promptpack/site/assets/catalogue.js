// The catalogue of the home page: filters.
(() => {
  "use strict";
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  function remember(change) {
    const url = new URL(location.href);
    change(url.searchParams);
    history.replaceState(history.state, "", url);
  }
  const address = () => new URL(location.href);
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
