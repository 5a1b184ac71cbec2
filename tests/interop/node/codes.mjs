// A line in: {"parse": text} or {"build": [[tag, value or [[tag, value], …]], …]}; a line out: JSON.
import { createInterface } from "node:readline";
import { encode, parse, tag, withCrcTag } from "promptparse";

const built = (objects) =>
  encode(objects.map(([id, value]) => (Array.isArray(value) ? tag(id, built(value)) : tag(id, value))));

function answer({ parse: text, build }) {
  if (build) return withCrcTag(built(build), "63");
  const code = parse(text, true, true);
  return code && code.getTags().map(({ id, value, subTags }) => [id, value, (subTags ?? []).map((sub) => [sub.id, sub.value])]);
}

for await (const line of createInterface({ input: process.stdin })) console.log(JSON.stringify(answer(JSON.parse(line))));
