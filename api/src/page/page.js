// Shows the API from its own description. Everything is built as nodes with text, never as markup, so nothing that
// a description or an answer contains can become part of the page.
"use strict";

const METHODS = ["get", "post", "put", "patch", "delete"];
const DEEPEST = 8; // levels of a schema that are shown

/** An element with attributes and children; texts become text nodes. */
function el(name, attributes = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (value === true) node.setAttribute(key, "");
    else if (value !== false && value !== undefined) node.setAttribute(key, value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return node;
}

/** Text in which `this` is shown as code. */
function prose(text) {
  return (text ?? "").split("`").map((part, n) => (n % 2 ? el("code", {}, part) : part));
}

function resolve(api, schema) {
  const name = schema?.$ref?.split("/").pop();
  return name ? { name, ...api.components.schemas[name] } : schema ?? {};
}

/** The schema without "or null", and whether null was one of its values. */
function required(api, schema) {
  const options = schema.oneOf ?? schema.anyOf;
  if (options?.length === 2 && options.some((option) => option.type === "null")) {
    const inner = options.find((option) => option.type !== "null");
    return { schema: { description: schema.description, ...resolve(api, inner) }, optional: true };
  }
  if (Array.isArray(schema.type)) {
    const types = schema.type.filter((type) => type !== "null");
    const type = types.length === 1 ? types[0] : types;
    return { schema: { ...schema, type }, optional: types.length < schema.type.length };
  }
  return { schema: resolve(api, schema), optional: false };
}

function typeName(api, given) {
  const { schema } = required(api, given);
  if (schema.enum) return schema.enum.map((value) => `"${value}"`).join(" | ");
  if (schema.type === "array") return `list of ${typeName(api, schema.items ?? {})}`;
  if (schema.name) return schema.name;
  return [schema.type ?? "any", schema.format && `(${schema.format})`].filter(Boolean).join(" ");
}

/** All members of a record, those of the parts that it is made of included, and which of them are always there. */
function shape(api, given) {
  const { schema } = required(api, given);
  if (schema.type === "array") return shape(api, schema.items ?? {});
  const members = { ...schema.properties };
  const always = new Set(schema.required ?? []);
  for (const part of schema.allOf ?? []) {
    const inner = shape(api, part);
    Object.assign(members, inner.members);
    inner.always.forEach((name) => always.add(name));
  }
  // A variant has its own members: none of them is always there.
  for (const variant of schema.oneOf ?? schema.anyOf ?? []) Object.assign(members, shape(api, variant).members);
  return { members, always };
}

/** The fields of a record, each with its own fields inside. */
function fields(api, given, depth = 0) {
  const { members, always } = shape(api, given);
  const properties = Object.entries(members);
  if (!properties.length || depth > DEEPEST) return null;
  return el("div", { class: "fields" }, properties.map(([name, property]) => {
    const { schema: inner, optional } = required(api, property);
    const may = always.has(name) ? (optional ? " or null" : "") : " optional";
    const head = [
      el("code", {}, name), " ", el("span", { class: "type" }, typeName(api, property)),
      el("span", { class: "quiet" }, may), " ",
      el("span", { class: "quiet" }, ...prose(property.description ?? inner.description)),
    ];
    const below = fields(api, property, depth + 1);
    return below
      ? el("details", { class: "field" }, el("summary", {}, head), below)
      : el("div", { class: "field" }, head);
  }));
}

/** An example of a schema: its own, or one made of its fields' examples. */
function example(api, given, depth = 0) {
  const { schema } = required(api, given);
  if (given.example !== undefined) return given.example;
  if (schema.example !== undefined) return schema.example;
  if (schema.enum) return schema.enum[0];
  if (depth > DEEPEST) return null;
  switch (schema.type) {
    case "array": return [example(api, schema.items ?? {}, depth + 1)];
    case "integer": case "number": return schema.minimum ?? 0;
    case "boolean": return false;
    case "string": return "";
    default: {
      const { members, always } = shape(api, given);
      return Object.fromEntries([...always].map((name) => [name, example(api, members[name] ?? {}, depth + 1)]));
    }
  }
}

function bodySchema(operation) {
  const content = operation.requestBody?.content ?? {};
  return content["application/json"]?.schema;
}

function parameterTable(parameters) {
  if (!parameters.length) return null;
  return [
    el("h4", {}, "Parameters"),
    el("table", {}, el("tbody", {}, parameters.map((parameter) => el("tr", {},
      el("td", { class: "name" }, parameter.name, parameter.required ? el("b", { title: "required" }, " *") : null),
      el("td", { class: "quiet" }, parameter.in),
      el("td", {}, ...prose(parameter.description)),
    )))),
  ];
}

function responseTable(api, operation) {
  return [
    el("h4", {}, "Answers"),
    el("table", {}, el("tbody", {}, Object.entries(operation.responses ?? {}).map(([status, response]) => {
      const schemas = Object.entries(response.content ?? {});
      const shown = status < 400 ? schemas.map(([type, media]) => el("details", { class: "field" },
        el("summary", {}, el("span", { class: "type" }, typeName(api, media.schema ?? {})),
          el("span", { class: "quiet" }, ` as ${type}`)),
        fields(api, media.schema ?? {}))) : [];
      return el("tr", {},
        el("td", { class: `name status ${status < 400 ? "ok" : "no"}` }, status),
        el("td", {}, ...prose(response.description), ...shown));
    }))),
  ];
}

/** A form that makes the request and shows the answer. */
function tryIt(api, method, path, operation, parameters) {
  const inputs = parameters.map((parameter) => ({
    parameter, input: el("input", { "aria-label": parameter.name, placeholder: parameter.example ?? "" }),
  }));
  const schema = bodySchema(operation);
  const body = schema ? el("textarea", { "aria-label": "Body", spellcheck: "false" }) : null;
  if (body) body.value = JSON.stringify(example(api, schema), null, 2);
  const answer = el("div", { "aria-live": "polite" });
  const button = el("button", { type: "submit" }, "Send");

  async function send(event) {
    event.preventDefault();
    button.disabled = true;
    const headers = { Accept: "application/json" };
    const query = new URLSearchParams();
    let address = path;
    for (const { parameter, input } of inputs) {
      if (parameter.in === "path") address = address.replace(`{${parameter.name}}`, encodeURIComponent(input.value));
      else if (input.value && parameter.in === "query") query.set(parameter.name, input.value);
      else if (input.value && parameter.in === "header") headers[parameter.name] = input.value;
    }
    if (body) headers["Content-Type"] = "application/json";
    const search = query.toString();
    try {
      const response = await fetch(search ? `${address}?${search}` : address, { method: method.toUpperCase(), headers, body: body?.value });
      const text = await response.text();
      let shown = text;
      try { shown = JSON.stringify(JSON.parse(text), null, 2); } catch { /* not JSON: shown as it is */ }
      const place = response.headers.get("location");
      answer.replaceChildren(
        el("h4", {}, "Answer"),
        el("span", { class: `status ${response.ok ? "ok" : "no"}` }, `${response.status} ${response.statusText}`),
        place ? el("span", { class: "quiet" }, ` → ${place}`) : "",
        el("pre", {}, shown || "(empty)"));
    } catch (error) {
      answer.replaceChildren(el("p", { class: "status no" }, `no answer: ${error.message}`));
    } finally {
      button.disabled = false;
    }
  }

  return el("details", {},
    el("summary", {}, "Try it"),
    el("form", { class: "try", onsubmit: send },
      inputs.map(({ parameter, input }) => el("label", { class: "row" }, el("span", {}, parameter.name), input)),
      body, button),
    answer);
}

function operationCard(api, method, path, item) {
  const operation = item[method];
  const parameters = [...(item.parameters ?? []), ...(operation.parameters ?? [])];
  const schema = bodySchema(operation);
  const card = el("details", { class: "card", id: operation.operationId },
    el("summary", {},
      el("span", { class: `method ${method}` }, method), el("span", { class: "path" }, path),
      el("span", { class: "says" }, operation.summary ?? "")));
  // Most cards are never opened: their inside is built when they are.
  card.addEventListener("toggle", () => {
    if (card.childElementCount > 1) return;
    card.append(el("div", { class: "inside" },
      ...(operation.description ?? "").split("\n\n").filter(Boolean).map((text) => el("p", {}, ...prose(text))),
      parameterTable(parameters),
      schema ? [el("h4", {}, "Body"), el("span", { class: "type" }, typeName(api, schema)), fields(api, schema)] : null,
      responseTable(api, operation),
      tryIt(api, method, path, operation, parameters)));
  });
  return card;
}

function showOperations(api) {
  const contents = document.getElementById("contents");
  const groups = new Map((api.tags ?? []).map((tag) => [tag.name, { about: tag.description, cards: [], links: [] }]));
  for (const [path, item] of Object.entries(api.paths)) {
    for (const method of METHODS.filter((method) => item[method])) {
      const operation = item[method];
      const tag = operation.tags?.[0] ?? "other";
      if (!groups.has(tag)) groups.set(tag, { cards: [], links: [] });
      const link = el("a", { href: `#${operation.operationId}` },
        el("span", { class: `method ${method}` }, method), operation.summary ?? path);
      link.dataset.find = `${method} ${path} ${operation.summary ?? ""}`.toLowerCase();
      groups.get(tag).links.push(link);
      groups.get(tag).cards.push(operationCard(api, method, path, item));
    }
  }
  const sections = [...groups].map(([tag, group]) => {
    contents.append(el("strong", {}, tag), ...group.links);
    return el("section", {}, el("h2", {}, tag), group.about ? el("p", { class: "quiet" }, ...prose(group.about)) : null, group.cards);
  });
  document.getElementById("section-operations").replaceChildren(...sections);
}

function showSchemas(api) {
  const section = document.getElementById("section-schemas");
  const schemas = Object.entries(api.components?.schemas ?? {}).sort(([a], [b]) => a.localeCompare(b));
  for (const [name, schema] of schemas) {
    if (!Object.keys(shape(api, schema).members).length) continue;
    section.append(el("details", { class: "card" },
      el("summary", {}, el("span", { class: "path" }, name), el("span", { class: "says" }, ...prose(schema.description))),
      el("div", { class: "inside" }, fields(api, schema))));
  }
  section.hidden = false;
}

function showProblems(problems) {
  const section = document.getElementById("section-problems");
  section.append(el("table", {}, el("tbody", {}, problems.map((problem) => el("tr", {},
    el("td", { class: "name status no" }, String(problem.status)),
    el("td", { class: "name" }, problem.type.split("/").pop()),
    el("td", {}, problem.title, el("br"), el("span", { class: "quiet" }, ...prose(problem.meaning))))))));
  section.hidden = false;
}

function openTarget() {
  const target = document.getElementById(location.hash.slice(1));
  if (target instanceof HTMLDetailsElement) {
    target.open = true;
    target.scrollIntoView();
  }
}

document.getElementById("find").addEventListener("input", (event) => {
  const words = event.target.value.toLowerCase().split(/\s+/).filter(Boolean);
  for (const link of document.querySelectorAll("#contents a")) {
    link.hidden = !words.every((word) => link.dataset.find.includes(word));
    link.style.display = link.hidden ? "none" : "";
  }
});
window.addEventListener("hashchange", openTarget);

async function show() {
  try {
    const [api, problems] = await Promise.all(
      ["/openapi.json", "/problems"].map(async (address) => (await fetch(address)).json()));
    document.getElementById("title").textContent = `${api.info.title} ${api.info.version}`;
    document.getElementById("description").replaceChildren(...prose(api.info.description));
    showOperations(api);
    showSchemas(api);
    showProblems(problems);
    openTarget();
  } catch (error) {
    document.getElementById("loading").textContent = `The API's description could not be read: ${error.message}`;
  }
}
show();
