// A text without end: the server keeps what the model remembers of it.

import { get } from "../api.js";
import { make, many, show } from "../dom.js";
import { form } from "../form.js";
import { follow, OPTIONS, streams } from "./write.js";

const draw = model => {
  const text = make("div", { className: "written" });
  const facts = make("p", { className: "facts" });
  let id = "";

  const open = async signal => {
    if (id) return;
    id = (await get("/v1/sessions", { body: { model: model.name }, signal })).session;
    show(text);
  };
  const path = verb => `/v1/sessions/${id}${verb}`;
  const tell = async (more = "") => {
    const { read_tokens, written_tokens, memory_bytes } = await get(path(""));
    const told = `${many(read_tokens, "token")} read, ${many(written_tokens, "token")} written; `;
    show(facts, `${more}${told}the memory of them takes ${many(memory_bytes, "byte")}.`);
  };
  const inside = async (answer, signal, work) => {
    await open(signal);
    show(answer, text, facts);
    try {
      await work();
    } catch (wrong) {
      if (wrong.status === 404) id = "";  // it is gone: the next one begins anew
      throw wrong;
    }
  };
  return form(
    [{ name: "text", label: "Text to read on", long: true }, ...OPTIONS],
    {
      Read: (given, answer, signal) => inside(answer, signal, async () => {
        const found = await get(path(":read"), { body: { text: given.text }, signal });
        text.append(given.text);
        const bits = found.bits_per_byte;
        await tell(bits === undefined ? "" : `It took ${bits.toFixed(2)} bits a byte. `);
      }),
      "Write on": (given, answer, signal) => inside(answer, signal, async () => {
        const written = make("span", { className: "new" });
        text.append(written);
        const { text: _, ...options } = given;
        await follow(path(":write"), options, written, facts, signal);
        await tell();
      }),
      Forget: async (_, answer) => {
        const gone = id && path("");
        id = "";
        show(answer);
        if (gone) await get(gone, { method: "DELETE" });
      },
    },
  );
};

export default {
  title: "Session",
  about: "Read and write in turns. The server keeps the memory, so each turn costs what is new in it.",
  fits: streams,
  draw,
};
