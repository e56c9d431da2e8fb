// Elements of the page. Whatever a model or a person wrote goes in as text, never as HTML.

export const make = (tag, given = {}, ...inside) => {
  const found = document.createElement(tag);
  for (const [name, value] of Object.entries(given)) {
    if (name in found) found[name] = value;
    else found.setAttribute(name, value);
  }
  found.append(...inside);
  return found;
};

export const show = (place, ...inside) => place.replaceChildren(...inside);

export const percent = share => `${(100 * share).toFixed(share < 0.1 ? 2 : 1)} %`;

export const many = (number, word) => `${number.toLocaleString("en")} ${word}${number === 1 ? "" : "s"}`;

// Names and how likely they are, with a bar each.
export const bars = (names, shares) => make("dl", { className: "bars" }, ...names.flatMap((name, place) => {
  const filled = make("span");
  filled.style.width = `${100 * shares[place]}%`;
  return [
    make("dt", {}, name),
    make("dd", { className: "bar", ariaHidden: "true" }, filled),
    make("dd", {}, percent(shares[place])),
  ];
}));

// [what it is, number]
export const numbers = rows => make("div", { className: "numbers" }, ...rows.map(([name, value]) =>
  make("div", {}, make("b", {}, value), make("span", { className: "quiet" }, name))));
