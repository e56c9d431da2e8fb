// The models of a server, and a panel for every signature of the chosen one that can be shown.

import { address, get, use } from "./api.js";
import { make, show } from "./dom.js";
import answer from "./panels/answer.js";
import classify from "./panels/classify.js";
import embed from "./panels/embed.js";
import fill from "./panels/fill.js";
import find from "./panels/find.js";
import play from "./panels/play.js";
import score from "./panels/score.js";
import see from "./panels/see.js";
import session from "./panels/session.js";
import tag from "./panels/tag.js";
import { summarize, translate } from "./panels/translate.js";
import paint from "./panels/paint.js";
import write from "./panels/write.js";

// A panel: its title, what it does in a line, fits(model), and draw(model), an element. The first
// that fits stands on top.
const PANELS = [write, play, paint, classify, see, find, tag, fill, answer, translate, summarize, session, score, embed];
const [SOON, LATER] = [1000, 10_000];  // looks for models: while some load, and then

const list = document.getElementById("models");
const panels = document.getElementById("panels");
const said = document.getElementById("said");
let chosen = "";
let shown = "";
let next = 0;

const draw = model => {
  const found = PANELS.filter(panel => panel.fits(model)).map(panel => make("section",
    { className: "panel", ariaLabel: panel.title },
    make("h2", {}, panel.title), make("p", { className: "quiet" }, panel.about), panel.draw(model)));
  const nothing = "This page has nothing to show of its signatures. They can be asked by curl.";
  show(panels, ...(found.length ? found : [make("p", { className: "quiet" }, nothing)]));
};

const own = names => names.filter(name => name !== "serving_default" && !/_(ids|pixels)$/.test(name)).sort();

const line = model => {
  const names = own(Object.keys(model.signatures));
  const more = model.signatures.serving_default && !names.length ? ["serving_default"] : names;
  const state = model.version ? `version ${model.version}` : model.state;
  const button = make("button", { type: "button", className: "model", disabled: !model.version },
    make("b", {}, model.name),
    make("span", { className: "quiet" }, state),
    make("span", { className: "chips" }, ...more.map(name => make("span", { className: "chip" }, name))));
  button.ariaPressed = String(model.name === chosen);
  button.addEventListener("click", () => {
    chosen = model.name;
    list.querySelectorAll(".model").forEach(one => { one.ariaPressed = String(one === button); });
    draw(model);
  });
  return make("li", {}, button);
};

const told = async ({ name, versions }) => {
  const state = versions[0].error || versions[0].state.toLowerCase();
  if (!versions.some(one => one.state === "AVAILABLE")) return { name, state, signatures: {} };
  const found = await get(`${address({ name })}/metadata`);
  const version = found.model_spec.version;
  return { name, state, version, signatures: found.metadata.signature_def.signature_def };
};

// Versions come and go while the page is open; what is being written stays where it is.
const look = async () => {
  let wait = LATER;
  try {
    const { models } = await get("/models");
    if (models.some(one => one.versions.some(({ state }) => ["START", "LOADING"].includes(state)))) wait = SOON;
    const now = JSON.stringify(models);
    if (now !== shown) {
      const all = await Promise.all(models.map(told));
      shown = now;
      show(list, ...all.map(line));
      if (!chosen && all.length === 1 && all[0].version) list.querySelector(".model").click();
    }
    show(said, models.length ? "" : "There are no models here yet.");
    said.className = "quiet";
  } catch (wrong) {
    show(said, wrong.message);
    said.className = "error";
  }
  clearTimeout(next);
  next = setTimeout(look, wait);
};

document.getElementById("who").addEventListener("submit", event => {
  event.preventDefault();
  use(document.getElementById("token").value);
  look();
});

look();
