// The part of a passage that answers a question.

import { has, predict } from "../api.js";
import { make, percent, show } from "../dom.js";
import { form } from "../form.js";

// Where a text may stand in a passage, [from, to] each: letters count, not case or space, since
// tokens may keep neither.
const places = (passage, wanted) => {
  const at = [...passage.matchAll(/\S/gu)].map(one => one.index);
  const letters = text => text.replace(/\s/gu, "").toLowerCase();
  const all = letters(passage);
  const part = letters(wanted);
  if (!part || all.length !== at.length) return [];
  const found = [];
  for (let from = all.indexOf(part); from >= 0; from = all.indexOf(part, from + 1)) {
    found.push([at[from], at[from + part.length - 1] + 1]);
  }
  return found;
};

// The one before which so many tokens stand as the model said.
const place = async (model, passage, found, signal) => {
  const could = places(passage, found.text);
  if (could.length < 2 || !("tokenize" in model.signatures)) return could[0];
  const before = could.map(([from]) => passage.slice(0, from));
  const read = await predict(model, "tokenize", before, signal);
  return could[read.findIndex(one => one.num_tokens === found.start)] ?? could[0];
};

const draw = model => form(
  [
    { name: "question", label: "Question", long: true, rows: 1 },
    { name: "context", label: "Passage", long: true, rows: 6 },
  ],
  {
    Answer: async (given, answer, signal) => {
      const [found] = await predict(model, "answer", [given], signal);
      const [from, to] = await place(model, given.context, found, signal) ?? [0, 0];
      show(answer,
        make("p", {}, make("b", {}, found.text), ` ${percent(found.probability)}`),
        make("div", { className: "written" }, given.context.slice(0, from),
          make("mark", {}, given.context.slice(from, to)), given.context.slice(to)));
    },
  },
);

export default {
  title: "Answer",
  about: "The part of a passage that answers a question.",
  fits: has("answer"),
  draw,
};
