/** Pages that belong to no command: `phi help <topic>`. */
export const TOPICS: Readonly<Record<string, string>> = {
  __proto__: null as never,
  "exit-codes": `Exit codes of phi

  0    done (phi request, phi show --wait: approved)
  1    failed; also a request that was withdrawn or is over
  2    the command line is not complete or not valid
  3    denied, or the sign-in was refused
  4    sign in first: phi login
  5    not eligible: policy refuses it, or it is not yours to do
  6    timed out: the code ended, nobody answered, or the window is over
  8    still pending
  130  stopped with Ctrl-C

phi exec and phi shell give the exit code of what they ran; their own are

  124  phi stopped it: the window was over, or access was revoked
  125  phi failed before the command ran
  126  the command cannot be executed
  127  there is no such command

With --json an error is one object on stderr: {"error":{"code","message","hint","exit"}}.
`,
  environment: `Environment variables that phi reads

  PHI_BROKER     the broker's address; --broker beats it
  PHI_PROFILE    the sign-in to use; --profile beats it (default)
  PHI_NO_INPUT   never ask, as --no-input
  PHI_DEBUG      1: show the stack of a defect of phi
  NO_COLOR       no colour, as --no-color (https://no-color.org)
  TERM           dumb: no colour and nothing that moves
  XDG_STATE_HOME where sign-ins are kept without a keyring (~/.local/state)
  SHELL          what phi shell starts
  HTTPS_PROXY, HTTP_PROXY, ALL_PROXY, NO_PROXY   the way to broker and issuer; never for this machine itself

Environment variables that phi sets for what it runs

  PHI_REQUEST, PHI_RESOURCE, PHI_EXPIRES_AT      under which request, on what, until when (RFC 3339, UTC)
                 PHI_EXPIRES_AT is the end as it was then; phi prompt and phi status know when it was extended
  PGHOST, PGPORT, PGDATABASE, PGUSER, PGPASSWORD, PGSSLMODE, DATABASE_URL   for a PostgreSQL resource
`,
};
