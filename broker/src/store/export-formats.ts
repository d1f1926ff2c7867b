import { type AuditKind, auditKinds, type ExportFormat } from "@phi/shared/contract/audit-event";
import { auditOutcomes } from "@phi/shared/contract/audit-outcome";
import { type SQL, sql } from "drizzle-orm";
import { OCSF_VERSION, ocsfFields } from "../domain/ocsf.js";
import { dataJson, eventJson, instantText, optional, personJson } from "./event-lines.js";

/** What lines say of where they come from. */
export interface ExportSource {
  /** Address of the broker. */
  readonly url: string;
  /** Version of the broker. */
  readonly version: string;
}

/**
 * How one event becomes one line, written by the database itself: it makes lines several times as fast as rows can be fetched, parsed and
 * written again. `line` speaks of the row `e` of the log, and of what `beside` joins to it.
 */
export interface LineFormat {
  readonly header: string;
  readonly line: SQL;
  readonly beside?: SQL;
}

export function lineFormat(format: ExportFormat, source: ExportSource): LineFormat {
  switch (format) {
    case "jsonl":
      return { header: "", line: eventJson };
    case "csv":
      return csv();
    case "cloudevents":
      return { header: "", line: cloudEvent(source) };
    case "ocsf":
      return {
        header: "",
        line: ocsf(source),
        beside: sql`left join requests r on r.id = e.request_id left join sessions s on s.id = e.session_id`,
      };
  }
}

/**
 * RFC 4180: every field quoted, lines end in CRLF. A field that a spreadsheet would take for a formula begins with an apostrophe
 * (OWASP, "CSV Injection"): names are chosen by people.
 */
function csv(): LineFormat {
  const columns: Readonly<Record<string, SQL>> = {
    seq: sql`e.seq`,
    event: sql`e.id`,
    at: instantText,
    kind: sql`e.kind`,
    outcome: sql`(${fromTable((kind) => auditOutcomes[kind])})`,
    actor: sql`e.actor_name`,
    actor_subject: sql`e.actor_subject`,
    actor_issuer: sql`e.actor_issuer`,
    resource: sql`e.resource`,
    request: sql`e.request_id`,
    lease: sql`e.lease_id`,
    session: sql`e.session_id`,
    data: sql`(${dataJson})`,
  };
  const header = Object.keys(columns).map((name) => `"${name}"`);
  const cells = Object.values(columns).map(
    (value) => sql`'"' || replace(iif(substr(${value}, 1, 1) in ('=', '+', '-', '@', char(9), char(13)), '''', '')
      || coalesce(${value}, ''), '"', '""') || '"'`,
  );
  return { header: `${header.join(",")}\r\n`, line: sql`${sql.join(cells, sql` || ',' || `)} || char(13)` };
}

/** CloudEvents 1.0.2, JSON format §3; `sequence` is the extension of that name. */
function cloudEvent({ url }: ExportSource): SQL {
  return sql`'{"specversion":"1.0","id":' || json_quote(e.id) || ',"source":' || json_quote(${url}) || ',"type":' || json_quote('phi.' || e.kind)
    || ',"time":"' || ${instantText} || '"' || ${optional("subject", "coalesce(e.request_id, e.resource)")}
    || ',"sequence":"' || e.seq || '","datacontenttype":"application/json","data":' || ${eventJson} || '}'`;
}

const NOBODY = '{"name":"unknown"}';

/** OCSF: what the class of each event demands (the actor of all of them is of the profile `host`), and the whole event under `unmapped`. `r` is its request, `s` its session. */
function ocsf({ url, version }: ExportSource): SQL {
  const user = (row: string, prefix: string) => sql.raw(personJson(row, prefix, ["domain", "uid", "name"]));
  const named = `'{"name":' || json_quote(e.resource) || '}'`;
  const product = JSON.stringify({ name: "phi", vendor_name: "phi", version });
  return sql`'{"metadata":{"version":"${sql.raw(OCSF_VERSION)}","product":' || ${product} || ',"log_name":"audit","log_provider":' || json_quote(${url})
    || ',"uid":' || json_quote(e.id) || ',"sequence":' || e.seq || ',"event_code":' || json_quote(e.kind) || ',"profiles":["host"]},"time":' || e.at || ','
    || (${fromTable((kind) => JSON.stringify(ocsfFields(kind)).slice(1, -1))}) || ',"message":' || json_quote(e.kind)
    || ',"actor":' || coalesce('{"user":' || ${user("e", "actor")} || '}', '{"app_name":"phi"}')
    || case ${fromTable((kind) => ocsfFields(kind).class_uid)}
      when 3002 then ',"user":' || coalesce(${user("e", "actor")}, ${NOBODY}) || ',"service":{"name":"phi"}'
      when 3005 then ',"user":' || coalesce(${user("r", "requester")}, ${user("e", "actor")}, ${NOBODY})
        || ',"privileges":[' || iif(r.role is null, '', json_quote(r.role)) || ']' || ${optional("resource", "e.resource", named)}
      when 6003 then ',"api":{"operation":' || json_quote(e.kind) || ${optional("request", "e.request_id", `'{"uid":' || json_quote(e.request_id) || '}'`)}
        || '},"src_endpoint":' || ${NOBODY} || ${optional("resources", "e.resource", `'[' || ${named} || ']'`)}
      when 1007 then ',"device":{"type_id":0,"hostname":' || json_quote(coalesce(s.host, 'unknown')) || '},"process":{"name":'
        || json_quote(coalesce(s.command ->> 0, 'unknown')) || ',"uid":' || json_quote(coalesce(e.session_id, e.id)) || '}'
      when 6002 then ',"app":' || ${product}
      else '' end
    || ',"unmapped":' || ${eventJson} || '}'`;
}

/** A value for each kind, looked up by the row's kind. */
function fromTable(value: (kind: AuditKind) => string | number): SQL {
  const table = Object.fromEntries((Object.keys(auditKinds) as AuditKind[]).map((kind) => [kind, value(kind)]));
  return sql`${JSON.stringify(table)} ->> ('$."' || e.kind || '"')`;
}
