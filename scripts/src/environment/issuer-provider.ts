import type Provider from "oidc-provider";
import type { AdapterFactory, Configuration } from "oidc-provider";
import type { SigningKeys } from "./issuer-keys.js";
import type { Person } from "./people.js";
import type { PollingPace } from "./polling-pace.js";
import { loadProvider } from "./quiet-provider.js";

/** Life of what the issuer hands out, in seconds. */
export interface IssuerTtl {
  readonly deviceCode: number;
  readonly idToken: number;
  readonly accessToken: number;
  readonly refreshToken: number;
}

export const defaultTtl: IssuerTtl = { deviceCode: 600, idToken: 300, accessToken: 300, refreshToken: 8 * 3_600 };

export interface ProviderOptions {
  readonly url: string;
  readonly people: readonly Person[];
  readonly keys: SigningKeys;
  readonly store: AdapterFactory;
  readonly ttl: IssuerTtl;
  /** Seconds between polls that clients are told. */
  readonly interval: number;
  readonly pace: PollingPace;
}

/** The certified OpenID provider, set up for one public client, `phi-cli`, that signs in with the device flow. */
export async function createProvider(options: ProviderOptions): Promise<Provider> {
  const OpenIdProvider = await loadProvider();
  const provider = new OpenIdProvider(options.url, configuration(options));
  provider.on("server_error", (_context, error) => {
    process.stderr.write(`development issuer: ${error.stack ?? error.message}\n`);
  });

  // oidc-provider leaves pace to its operator (RFC 8628 §3.2 "interval", §3.5 "slow_down").
  provider.use(async (context, next) => {
    await next();
    const { route, params } = (context as { oidc?: { route: string; params?: Record<string, unknown> } }).oidc ?? {};
    const body = context.body as Record<string, unknown> | undefined;
    if (route === "device_authorization" && context.status === 200) {
      context.body = { ...body, interval: options.interval };
    }
    if (route === "token" && body?.error === "authorization_pending") {
      const early = options.pace.tooSoon(String(params?.device_code), Date.now());
      if (early) context.body = { error: "slow_down", error_description: "wait 5 seconds more between polls" };
    }
  });
  return provider;
}

function configuration({ people, keys, store, ttl }: ProviderOptions): Configuration {
  return {
    clients: [
      {
        client_id: "phi-cli",
        client_name: "phi",
        application_type: "native",
        token_endpoint_auth_method: "none",
        grant_types: ["urn:ietf:params:oauth:grant-type:device_code", "refresh_token"],
        response_types: [],
        redirect_uris: [],
        id_token_signed_response_alg: "ES256",
      },
    ],
    jwks: { keys: [...keys] },
    adapter: store,
    scopes: ["openid", "offline_access", "profile", "email", "groups"],
    claims: {
      openid: ["sub"],
      profile: ["name", "preferred_username"],
      email: ["email", "email_verified"],
      groups: ["groups"],
    },
    conformIdTokenClaims: false, // the claims of the scopes are in the ID token, as most issuers do it
    findAccount: (_context, login) => {
      const person = people.find((candidate) => candidate.login === login);
      if (person === undefined) return undefined;
      const { name, email, groups } = person;
      const claims = { sub: login, name, preferred_username: login, email, email_verified: true, groups: [...groups] };
      return { accountId: login, claims: () => claims };
    },
    issueRefreshToken: (_context, client, code) =>
      client.grantTypeAllowed("refresh_token") && code.scopes.has("offline_access"),
    rotateRefreshToken: true,
    ttl: {
      DeviceCode: ttl.deviceCode,
      IdToken: ttl.idToken,
      AccessToken: ttl.accessToken,
      RefreshToken: ttl.refreshToken,
      Grant: ttl.refreshToken,
      Interaction: ttl.deviceCode,
      Session: ttl.deviceCode,
    },
    cookies: { keys: [crypto.randomUUID()] },
    features: {
      devInteractions: { enabled: false },
      rpInitiatedLogout: { enabled: false },
      revocation: { enabled: true },
      deviceFlow: {
        enabled: true,
        charset: "base-20",
        mask: "****-****",
        deviceInfo: (context) => ({ address: context.ip, agent: context.get("user-agent").slice(0, 200) }),
      },
    },
    // Only the device flow is offered, and its page is ours: there is nothing to interact with.
    interactions: { url: () => "/device" },
    renderError: (context, out) => {
      context.type = "json";
      context.body = out;
    },
  };
}
