// Type, and watch it write.

import { address, has, predict, stream } from "../api.js";
import { make, many, show } from "../dom.js";
import { form } from "../form.js";

export const streams = has("start", "read", "write");

const seeds = { max: 2 ** 31 - 1, min: 0, step: 1 };

export const OPTIONS = [
  { name: "max_new_tokens", label: "most new tokens", value: 100, min: 1, step: 1 },
  { name: "temperature", label: "temperature, 0 is greedy", value: 0.8, min: 0, max: 1000 },
  { name: "top_k", label: "top k, 0 for all", value: 0, min: 0, step: 1 },
  { name: "top_p", label: "top p", value: 1, min: 0, max: 1 },
  { name: "seed", label: "seed", value: 0, ...seeds },
];

// Tokens as they come, put behind what stands in `place`; gives the last event.
export const follow = async (path, given, place, facts, signal) => {
  const began = performance.now();
  const pace = number => `${many(number, "token")}, ${(1000 * number / (performance.now() - began)).toFixed(0)} a second`;
  let last = { num_tokens: 0 };
  try {
    for await (const piece of stream(path, given, signal)) {
      last = piece;
      place.append(piece.text);
      place.parentElement.scrollTop = place.parentElement.scrollHeight;
      show(facts, `${pace(piece.num_tokens)} …`);
    }
  } catch (wrong) {
    show(facts, `${pace(last.num_tokens)}. ${signal.aborted ? "Stopped." : "It broke off."}`);
    throw wrong;
  }
  const end = last.finished ? "The text ended there." : "There it was told to end.";
  show(facts, `${pace(last.num_tokens)}. ${end} ${(-last.log_likelihood).toFixed(1)} nats.`);
};

const draw = model => form(
  [{ name: "text", label: "Text to go on from", long: true, value: "Once upon a time" }, ...OPTIONS],
  {
    Write: async (given, answer, signal) => {
      const written = make("span", { className: "new" });
      const facts = make("p", { className: "facts" });
      show(answer, make("div", { className: "written" }, given.text, written), facts);
      if (streams(model)) {
        await follow(`${address(model)}:generate`, given, written, facts, signal);
        return;
      }
      const [found] = await predict(model, "generate", [given], signal);
      written.append(found.text);
      show(facts, `${(-found.log_likelihood).toFixed(1)} nats`);
    },
  },
);

export default {
  title: "Write",
  about: "What follows on a text, token by token as it comes.",
  fits: model => streams(model) || "text" in (model.signatures.generate?.inputs ?? {}),
  draw,
};
