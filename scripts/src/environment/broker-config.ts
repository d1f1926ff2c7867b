export interface BrokerConfigOptions {
  readonly port: number;
  readonly issuerUrl: string;
}

/** Name of the variable that carries the connection string: a secret does not go into the file. */
export const ADMIN_URL_VARIABLE = "DB_PROD_ADMIN_URL";

/** The broker's configuration for the people and the database of the story. */
export function brokerConfig({ port, issuerUrl }: BrokerConfigOptions): string {
  return `# Written by the development environment at each start.
listen: 127.0.0.1:${port}
publicUrl: http://127.0.0.1:${port}
database: file:./phi.db
issuer: { url: "${issuerUrl}", clientId: phi-cli, groupsClaim: groups, scopes: openid profile email groups }
signIn: { maxAge: 8h }
admins: [group:phi-admins]
auditors: [group:auditor]

resources:
  db-prod:
    kind: postgres
    description: orders database
    url: \${env:${ADMIN_URL_VARIABLE}}
    roles:
      readonly: { memberOf: [app_readonly] }
      readwrite: { memberOf: [app_readwrite] }

policies:
  - name: engineers read production
    requesters: [group:engineering]
    resources: [db-prod]
    roles: [readonly]
    maxDuration: 4h
    approval: { from: [group:db-leads], count: 1 }
    reason: required
  - name: engineers change production
    requesters: [group:engineering]
    resources: [db-prod]
    roles: [readwrite]
    maxDuration: 1h
    approval: { from: [group:db-leads], count: 1 }
    reason: required
`;
}
