// How likely a text is.

import { predict } from "../api.js";
import { numbers, show } from "../dom.js";
import { form } from "../form.js";

const draw = model => form(
  [{ name: "text", label: "Text", long: true, value: "The quick brown fox jumps over the lazy dog." }],
  {
    Score: async ({ text }, answer, signal) => {
      const [found] = await predict(model, "score", [text], signal);
      show(answer, numbers([
        ["bits per byte", found.bits_per_byte.toFixed(3)],
        ["tokens", found.num_tokens.toLocaleString("en")],
        ["nats, all of it", (-found.log_likelihood).toFixed(1)],
      ]));
    },
  },
);

export default {
  title: "Score",
  about: "How many bits the model needs for a text: the fewer, the likelier it holds it.",
  fits: model => "text" in (model.signatures.score?.inputs ?? {}),
  draw,
};
