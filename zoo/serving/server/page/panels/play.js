// Choose a MIDI file, and see how it goes on.

import { has, predict } from "../api.js";
import { make, many, show } from "../dom.js";
import { encoded, MUSIC } from "../files.js";
import { form } from "../form.js";
import { notes, roll } from "../roll.js";
import { OPTIONS } from "./write.js";

const bytes = ({ b64 }) => Uint8Array.from(atob(b64), letter => letter.charCodeAt(0));

const link = (midi, name) => {
  const href = URL.createObjectURL(new Blob([midi], { type: "audio/midi" }));
  return make("a", { href, download: name }, `Save ${name}`);
};

const draw = model => form(
  [MUSIC, ...OPTIONS],
  {
    "Play on": async ({ midi: file, ...given }, answer, signal) => {
      const midi = file ? await encoded(file) : "";
      const [found] = await predict(model, "continue", [{ midi, ...given }], signal);
      const [whole, began] = [bytes(found.midi_bytes), found.primer_seconds];
      const facts = `${many(found.num_new_tokens, "new token")} from second ${began.toFixed(1)} on, ${(-found.log_likelihood).toFixed(1)} nats. `;
      const name = `${file ? file.name.replace(/\.midi?$/i, "") : model.name}_on.mid`;
      show(answer, roll(notes(whole), began), make("p", { className: "facts" }, facts, link(whole, name)));
    },
  },
);

export default {
  title: "Play on",
  about: "How a piece of music goes on: time to the right, pitch upwards, what is new in blue.",
  fits: has("continue"),
  draw,
};
