import { BlockList, isIP } from "node:net";

/**
 * What an address is to a broker that was told to call it. `never`: nobody serves webhooks there, and cloud machines hand out their
 * credentials there (link-local and metadata addresses), or it is no address of one machine.
 */
export type AddressClass = "public" | "private" | "loopback" | "never";

function list(...ranges: readonly string[]): BlockList {
  const made = new BlockList();
  for (const range of ranges) {
    const [network = "", bits = ""] = range.split("/");
    made.addSubnet(network, Number(bits), network.includes(":") ? "ipv6" : "ipv4");
  }
  return made;
}

/** RFC 1122 §3.2.1.3, RFC 3927, RFC 4291, multicast; the metadata services of AWS, Azure, Alibaba and Oracle that are elsewhere; Teredo (RFC 4380). */
const NEVER = list(
  "0.0.0.0/8",
  "169.254.0.0/16",
  "224.0.0.0/4",
  "240.0.0.0/4",
  "168.63.129.16/32",
  "100.100.100.200/32",
  "192.0.0.192/32",
  "::/128",
  "fe80::/10",
  "ff00::/8",
  "fd00:ec2::254/128",
  "fd20:ce::254/128",
  "2001::/32",
  "100::/64",
);
const LOOPBACK = list("127.0.0.0/8", "::1/128");
/** RFC 1918, RFC 4193, RFC 6598, and what RFC 6890 keeps for documents and benches. */
const PRIVATE = list(
  "10.0.0.0/8",
  "172.16.0.0/12",
  "192.168.0.0/16",
  "100.64.0.0/10",
  "192.0.0.0/24",
  "192.0.2.0/24",
  "198.18.0.0/15",
  "198.51.100.0/24",
  "203.0.113.0/24",
  "fc00::/7",
  "fec0::/10",
  "2001:db8::/32",
);

/** The class of an IPv4 or IPv6 address in text; `never` for anything else. An IPv4 address inside of an IPv6 one is what counts. */
export function addressClass(address: string): AddressClass {
  const family = isIP(address);
  if (family === 0 || address.includes("%")) return "never";
  if (family === 4) return classOf(address, "ipv4");
  const inner = embedded(groupsOf(address));
  return inner === undefined ? classOf(address, "ipv6") : classOf(inner, "ipv4");
}

function classOf(address: string, family: "ipv4" | "ipv6"): AddressClass {
  if (NEVER.check(address, family)) return "never";
  if (LOOPBACK.check(address, family)) return "loopback";
  return PRIVATE.check(address, family) ? "private" : "public";
}

/** IPv4-mapped and -compatible (RFC 4291 §2.5.5), NAT64 (RFC 6052), 6to4 (RFC 3056). */
function embedded(groups: readonly number[]): string | undefined {
  const begins = (...prefix: readonly number[]) => prefix.every((group, index) => groups[index] === group);
  const at = (index: number) => {
    const [high = 0, low = 0] = groups.slice(index, index + 2);
    return `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`;
  };
  if (begins(0, 0, 0, 0, 0, 0xffff) || begins(0, 0, 0, 0, 0xffff, 0) || begins(0x64, 0xff9b)) return at(6);
  if (begins(0, 0, 0, 0, 0, 0) && (groups[6] !== 0 || (groups[7] ?? 0) > 1)) return at(6);
  return begins(0x2002) ? at(1) : undefined;
}

/** The eight groups of a valid IPv6 address. */
function groupsOf(address: string): number[] {
  // The URL parser writes every form in one way: lower case, no dotted part, the longest run of zeros as `::`.
  const text = new URL(`http://[${address}]/`).hostname.slice(1, -1);
  const [head = "", tail] = text.split("::");
  const numbers = (part: string) => (part === "" ? [] : part.split(":").map((group) => Number.parseInt(group, 16)));
  if (tail === undefined) return numbers(head);
  const [left, right] = [numbers(head), numbers(tail)];
  return [...left, ...Array.from({ length: 8 - left.length - right.length }, () => 0), ...right];
}
