import { Agent, request } from "node:http";

/** Calls with as little of the machine as possible, which broker and target share with the one who measures: warm connections, node:http. */
export function createHttpClient(url: string, token: string, connections: number) {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  return {
    close: () => agent.destroy(),
    /** The body of an answer in the 200s; anything else rejects. */
    post<Body>(path: string, body: unknown = {}): Promise<Body> {
      const text = JSON.stringify(body);
      return new Promise((resolve, reject) => {
        const call = request(
          `${url}${path}`,
          {
            agent,
            method: "POST",
            headers: {
              authorization: `Bearer ${token}`,
              "content-type": "application/json",
              "content-length": Buffer.byteLength(text),
            },
          },
          (answer) => {
            let said = "";
            answer.setEncoding("utf8");
            answer.on("data", (chunk: string) => {
              said += chunk;
            });
            answer.on("error", reject);
            answer.on("end", () => {
              if ((answer.statusCode ?? 0) >= 300) reject(new Error(`${path}: ${answer.statusCode} ${said}`));
              else resolve(JSON.parse(said) as Body);
            });
          },
        );
        call.on("error", reject);
        call.end(text);
      });
    },
  };
}

export type HttpClient = ReturnType<typeof createHttpClient>;
