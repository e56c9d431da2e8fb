// What a model writes of what it reads.

import { has, predict } from "../api.js";
import { make, show } from "../dom.js";
import { form } from "../form.js";

const panel = (signature, title, about) => ({
  title,
  about,
  fits: has(signature),
  draw: model => form(
    [{ name: "text", label: "Text", long: true }],
    {
      [title]: async ({ text }, answer, signal) => {
        const [found] = await predict(model, signature, [text], signal);
        show(answer, make("div", { className: "written" }, make("span", { className: "new" }, found.text)),
          make("p", { className: "facts" }, `score ${found.score.toFixed(2)}`));
      },
    },
  ),
});

export const translate = panel("translate", "Translate", "A text in another language, or what else the model writes of it.");
export const summarize = panel("summarize", "Summarize", "What a text says, in few words.");
