import { ADMIN_URL_VARIABLE } from "../environment/broker-config.js";

/** Windows, waits and a role that the target cannot give, short enough for a story of seconds. */
export function caseConfig(port: number, issuerUrl: string): string {
  return `
listen: 127.0.0.1:${port}
database: file:./phi.db
issuer: { url: "${issuerUrl}", clientId: phi-cli }
auditors: [group:auditor]
admins: [group:phi-admins]
resources:
  db-prod:
    kind: postgres
    url: \${env:${ADMIN_URL_VARIABLE}}
    roles:
      readonly: { memberOf: [app_readonly] }
      impatient: { memberOf: [app_readonly] }
      recorded: { memberOf: [app_readonly], recording: terminal }
      watched: { memberOf: [app_readonly], recording: required }
      unused: { memberOf: [app_readonly] }
      missing: { memberOf: [there_is_no_such_role] }
policies:
  - name: asked and answered
    requesters: [group:engineering]
    resources: [db-prod]
    roles: [readonly, missing, recorded, watched]
    maxDuration: 1h
    approval: { from: [group:db-leads] }
    emergency: { maxDuration: 30m, reviewers: [group:db-leads], reviewWithin: 1h }
  - name: over when nobody uses it
    requesters: [group:engineering]
    resources: [db-prod]
    roles: [unused]
    maxDuration: 1h
    approval: { from: [group:db-leads] }
    idleTimeout: 2s
  - name: answered at once or not at all
    requesters: [group:engineering]
    resources: [db-prod]
    roles: [impatient]
    maxDuration: 1h
    approval: { from: [group:db-leads] }
    pendingFor: 2s
    claimWithin: 2s
    emergency: { maxDuration: 30m, reviewers: [group:db-leads], reviewWithin: 1s }
`;
}
