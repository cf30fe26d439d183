// A SCIM 2.0 service for usher's tests. All that is SCIM in it (schemas, filters, PATCH, paging,
// errors) is SCIMMY's; this file keeps the records in memory, and shows them at /truth to whoever asks.
//
// Settings, by environment: PORT (0: any), TOKEN, USERS (how many there are at the start), LIMIT_EVERY (each
// n-th request is answered 429). It prints its port, and ends with its standard input, so that it does not
// outlive the test that started it. POST /latency?ms=... makes each later answer of SCIM wait.
import { randomUUID } from "node:crypto";
import express from "express";
import scimmy from "scimmy";
import routers from "scimmy-routers";

const SCIMMY = scimmy.default ?? scimmy;
const Routers = routers.default ?? routers;
const setting = (name, otherwise) => process.env[name] || otherwise;
const number = (name) => {
  const n = Number(setting(name, "0"));
  if (!Number.isInteger(n) || n < 0) throw new Error(`${name} is not a count`);
  return n;
};
const token = setting("TOKEN");
if (!token) throw new Error("TOKEN is not set");
const limitEvery = number("LIMIT_EVERY");
let latency = 0;

// A shelf holds the records of one kind in the order in which they came, and the log of what was done to them.
class Shelf {
  records = new Map();

  constructor(kind, label, log) {
    Object.assign(this, { kind, label, log });
  }

  need(id) {
    const record = this.records.get(id);
    if (!record) throw new SCIMMY.Types.Error(404, null, `there is no ${this.kind} ${id}`);
    return record;
  }

  free(name, except) {
    const same = (a, b) => String(a).toLowerCase() === String(b).toLowerCase();
    for (const [id, record] of this.records)
      if (id !== except && same(record[this.label], name))
        throw new SCIMMY.Types.Error(409, "uniqueness", `${this.label} is in use`);
  }

  put(id, data) {
    const now = new Date().toISOString();
    const old = id ? this.need(id) : undefined;
    this.free(data[this.label], id);
    const record = { ...JSON.parse(JSON.stringify(data)), id: id ?? randomUUID(), meta: { created: old?.meta.created ?? now, lastModified: now } };
    if (this.kind === "User") record.active ??= true;
    this.records.set(record.id, record);
    this.log.push({ what: old ? "change" : "create", kind: this.kind, id: record.id, name: record[this.label] });
    return record;
  }

  get(id, filter) {
    if (id) return this.need(id);
    const all = [...this.records.values()];
    return filter ? filter.match(all) : all;
  }

  drop(id) {
    const record = this.need(id);
    this.records.delete(id);
    this.log.push({ what: "delete", kind: this.kind, id, name: record[this.label] });
  }
}

const log = [];
const users = new Shelf("User", "userName", log);
const groups = new Shelf("Group", "displayName", log);
SCIMMY.Resources.User.extend(SCIMMY.Schemas.EnterpriseUser, false);
for (const [resource, shelf] of [[SCIMMY.Resources.User, users], [SCIMMY.Resources.Group, groups]])
  SCIMMY.Resources.declare(resource)
    .ingress((r, data) => shelf.put(r.id, data))
    .egress((r) => shelf.get(r.id, r.filter))
    .degress((r) => shelf.drop(r.id));

const total = number("USERS");
for (let i = 1; i <= total; i++) {
  const name = `Person${String(i).padStart(4, "0")}@Example.com`;
  users.put(undefined, {
    userName: i % 7 ? name.toLowerCase() : name,
    name: { givenName: "Person", familyName: String(i) },
    emails: [{ value: name.toLowerCase(), type: "work", primary: true }],
    active: i % 5 !== 0,
  });
}
log.length = 0;

const app = express();
const counts = { requests: 0, limited: 0 };
app.get("/truth", (_, res) => {
  res.json({ users: users.get(), groups: groups.get(), log, ...counts });
});
app.post("/latency", (req, res) => {
  latency = Number(new URL(req.url, "http://localhost").searchParams.get("ms"));
  res.sendStatus(204);
});
app.use((_, res, next) => {
  counts.requests++;
  if (limitEvery && counts.requests % limitEvery === 0) {
    counts.limited++;
    // SCIMMY's own Error message knows no 429.
    const error = { schemas: ["urn:ietf:params:scim:api:messages:2.0:Error"], status: "429", detail: "too many requests" };
    res.status(429).set("Retry-After", "1").type("application/scim+json").send(JSON.stringify(error));
    return;
  }
  setTimeout(next, latency);
});
app.use("/scim/v2", new Routers({
  type: "bearer",
  handler: (req) => {
    if (req.header("Authorization") !== `Bearer ${token}`) throw new Error("the token is not right");
    return "usher";
  },
}));

const server = app.listen(number("PORT"), "127.0.0.1", () => console.log(server.address().port));
process.stdin.on("end", () => process.exit(0)).resume();
