// A form that asks the server: fields, a button, a way to stop, and what was answered or refused.

import { make, show } from "./dom.js";

let made = 0;
const TOLD = { number: one => one.valueAsNumber, file: one => one.files[0] };

const input = ({ name, label, long, value = "", ...given }) => {
  const id = `field-${++made}`;
  const rest = long ? { rows: 2, ...given } : { type: "number", step: "any", ...given };
  const control = make(long ? "textarea" : "input", { id, name, value, required: !long, ...rest });
  return make("div", {}, make("label", { htmlFor: id }, label), control);
};

const read = form => Object.fromEntries([...form.querySelectorAll("textarea, input")].map(one =>
  [one.name, TOLD[one.type]?.(one) ?? one.value]));

// fields: { name, label, long, value, … } each; buttons: { label: run }, where
// run(values, answer, signal) fills the place of the answer. Ctrl and Enter press the first.
export const form = (fields, buttons) => {
  const answer = make("div", { className: "answer", ariaLive: "polite" });
  const error = make("p", { className: "error", role: "alert" });
  const stop = make("button", { type: "button", className: "plain", disabled: true }, "Stop");
  const short = fields.filter(field => !field.long).map(input);
  const found = make("form", {}, make("div", { className: "fields" },
    ...fields.filter(field => field.long).map(input),
    ...(short.length ? [make("div", { className: "row" }, ...short)] : [])));
  const asking = Object.entries(buttons).map(([label, run], place) => {
    const button = make("button", { type: place ? "button" : "submit", className: place ? "plain" : "" }, label);
    if (place) button.addEventListener("click", () => found.reportValidity() && ask(run));
    return button;
  });
  const ask = async run => {
    const control = new AbortController();
    const busy = now => { asking.forEach(one => { one.disabled = now; }); stop.disabled = !now; };
    stop.onclick = () => control.abort();
    busy(true);
    show(error);
    answer.setAttribute("aria-busy", "true");
    const before = answer.firstChild;
    try {
      await run(read(found), answer, control.signal);
    } catch (wrong) {
      if (answer.firstChild === before) show(answer);  // it answers something else
      if (wrong.name !== "AbortError") show(error, wrong.message);
    } finally {
      answer.setAttribute("aria-busy", "false");
      busy(false);
    }
  };
  found.append(make("div", { className: "row buttons" }, ...asking, stop));
  found.addEventListener("submit", event => { event.preventDefault(); ask(Object.values(buttons)[0]); });
  found.addEventListener("keydown", event => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !asking[0].disabled) found.requestSubmit();
  });
  return make("div", {}, found, error, answer);
};
