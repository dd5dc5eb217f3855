/** Reads the simulated subscription as ARM documents: clusters with their egress IPs, and firewall rules. Pure. */

/** Remembers what a function made of a subscription: a large fleet is read once for each change, not once for each look. */
function once(read) {
  const known = new WeakMap();
  return (resources) => {
    if (!known.has(resources)) known.set(resources, read(resources));
    return known.get(resources);
  };
}

const typeOf = (resource) => (resource.type ?? "").toLowerCase();
const idOf = (reference) => (reference?.id ?? "").toLowerCase();
const props = (resource) => resource?.properties ?? {};

/** Every managed cluster, by name: [{name, outboundType, ips, state, note}]. */
export const clusters = once((resources) => {
  return Object.values(resources)
    .filter((resource) => typeOf(resource) === "microsoft.containerservice/managedclusters")
    .map((resource) => describe(resource, resources))
    .sort((a, b) => a.name.localeCompare(b.name));
});

function describe(resource, resources) {
  const network = props(resource).networkProfile ?? {};
  const path = (PATHS[network.outboundType] ?? (() => ({ ips: [] })))(resource, network, resources);
  return {
    name: resource.name,
    outboundType: network.outboundType ?? "loadBalancer",
    state: props(resource).provisioningState ?? "",
    note: "",
    ...path,
  };
}

/** How each outbound type leaves Azure. */
const PATHS = {
  loadBalancer: (resource, network, all) => ({
    ips: addresses(network.loadBalancerProfile?.effectiveOutboundIPs, all),
  }),
  managedNATGateway: (resource, network, all) => ({
    ips: addresses(network.natGatewayProfile?.effectiveOutboundIPs, all),
    note: network.natGatewayProfile?.sku === "StandardV2" ? "StandardV2" : "",
  }),
  userAssignedNATGateway: (resource, network, all) => ({
    ips: subnets(resource, all).flatMap((subnet) => gatewayAddresses(all[idOf(props(subnet).natGateway)], all)),
  }),
  userDefinedRouting: (resource, network, all) => routed(resource, all),
};

function addresses(references, all) {
  return (references ?? []).flatMap((reference) => addressOf(all[idOf(reference)]));
}

/** The address of a public IP, or the range of a prefix. */
function addressOf(resource) {
  return [props(resource).ipAddress ?? props(resource).ipPrefix].filter(Boolean);
}

function gatewayAddresses(gateway, all) {
  const kinds = ["publicIpAddresses", "publicIpAddressesV6", "publicIpPrefixes", "publicIpPrefixesV6"];
  return kinds.flatMap((kind) => addresses(props(gateway)[kind], all));
}

/** The subnets of a cluster's node pools, found as resources of their own or inside their network. */
function subnets(resource, all) {
  const ids = new Set((props(resource).agentPoolProfiles ?? []).map((pool) => (pool.vnetSubnetID ?? "").toLowerCase()));
  return [...ids]
    .filter(Boolean)
    .map((id) => all[id] ?? nested(id, all))
    .filter(Boolean);
}

function nested(id, all) {
  const network = all[id.split("/subnets/")[0]];
  return (props(network).subnets ?? []).find((subnet) => idOf(subnet) === id);
}

function routed(resource, all) {
  const own = subnets(resource, all);
  const hops = own
    .flatMap((subnet) => props(all[idOf(props(subnet).routeTable)]).routes ?? [])
    .filter((route) => props(route).addressPrefix === "0.0.0.0/0")
    .map((route) => props(route).nextHopIpAddress);
  const reach = reachable(own, all);
  const owners = firewalls(all).filter((one) => hops.includes(privateAddress(one)));
  // Two firewalls may have the same private address: the one in a network that the cluster's network reaches is meant.
  const firewall =
    owners.find((one) => reach.has(networkOf(one))) ?? owners[0] ?? (hops.length ? null : hubFirewall(all));
  return firewall
    ? { ips: publicAddresses(firewall, all), note: firewall.name }
    : { ips: [], note: hops[0] ? `${hops[0]}, an appliance unknown to Azure` : "" };
}

/** The virtual networks of subnets, and those peered with them, by lower-case id. */
function reachable(own, all) {
  const networks = own.map((subnet) => idOf(subnet).split("/subnets/")[0]);
  const peered = networks
    .flatMap((id) => props(all[id]).virtualNetworkPeerings ?? [])
    .map((peering) => idOf(props(peering).remoteVirtualNetwork));
  return new Set([...networks, ...peered]);
}

const networkOf = (firewall) => idOf(props(props(firewall).ipConfigurations?.[0]).subnet).split("/subnets/")[0];
const firewalls = once((all) => Object.values(all).filter((one) => typeOf(one) === "microsoft.network/azurefirewalls"));
const hubFirewall = (all) => firewalls(all).find((one) => props(one).virtualHub);
const privateAddress = (firewall) =>
  props(firewall).hubIPAddresses?.privateIPAddress ?? props(props(firewall).ipConfigurations?.[0]).privateIPAddress;

function publicAddresses(firewall, all) {
  const hub = (props(firewall).hubIPAddresses?.publicIPs?.addresses ?? []).map((one) => one.address);
  return [
    ...hub,
    ...(props(firewall).ipConfigurations ?? []).flatMap((one) => addresses([props(one).publicIPAddress], all)),
  ];
}

/**
 * Every rule set: [{key, title, note, groups: [{key, name, priority, ours, collections}]}], a collection being
 * {key, name, priority, action, ours, rules}; firewall policies first, then firewalls with classic rules.
 */
export const ruleSets = once((resources) => {
  const all = Object.entries(resources);
  const policies = all
    .filter(([, one]) => typeOf(one) === "microsoft.network/firewallpolicies")
    .map(([id, one]) => policySet(id, one, all));
  const classic = all
    .filter(
      ([, one]) => typeOf(one) === "microsoft.network/azurefirewalls" && props(one).applicationRuleCollections?.length,
    )
    .map(([id, one]) => classicSet(id, one));
  return [...policies, ...classic];
});

function policySet(id, policy, all) {
  const groups = all
    .filter(
      ([child]) =>
        child.startsWith(`${id}/rulecollectiongroups/`) && child.split("/").length === id.split("/").length + 2,
    )
    .map(([child, group]) => ({
      key: child,
      name: group.name,
      priority: props(group).priority,
      state: props(group).provisioningState,
      ours: isOurs(group.name),
      collections: collections(child, props(group).ruleCollections, isOurs(group.name)),
    }));
  const parent = idOf(props(policy).basePolicy).split("/").at(-1);
  return {
    key: id,
    title: policy.name,
    note: parent ? `inherits from ${parent}` : "firewall policy",
    groups: groups.sort((a, b) => a.priority - b.priority),
  };
}

function classicSet(id, firewall) {
  const list = collections(
    id,
    props(firewall).applicationRuleCollections.map((one) => ({ name: one.name, ...props(one) })),
  );
  return {
    key: id,
    title: firewall.name,
    note: "classic rules",
    groups: [{ key: `${id}/classic`, name: "application rule collections", ours: false, collections: list }],
  };
}

/** Rule collection groups and classic collections that the bot owns carry its name. */
const isOurs = (name) => /^(rcg-aks-egress$|egress-)/i.test(name ?? "");

function collections(parent, list, ours = false) {
  return (list ?? [])
    .map((one) => ({
      key: `${parent}/${one.name}`,
      name: one.name,
      priority: one.priority,
      action: one.action?.type ?? "",
      ours: ours || isOurs(one.name),
      rules: (one.rules ?? []).map((rule) => shapeRule(`${parent}/${one.name}/${rule.name}`, rule)),
    }))
    .sort((a, b) => a.priority - b.priority);
}

const SOURCES = ["sourceAddresses", "sourceIpGroups"];
const TARGETS = [
  "targetFqdns",
  "fqdnTags",
  "webCategories",
  "targetUrls",
  "destinationFqdns",
  "destinationAddresses",
  "destinationIpGroups",
];
const lastPart = (text) => (text.startsWith("/") ? text.split("/").at(-1) : text);
const gather = (rule, keys) => keys.flatMap((key) => rule[key] ?? []).map(lastPart);

function shapeRule(key, rule) {
  const named = (rule.protocols ?? []).filter((one) => one.protocolType);
  const protocols = named.map((one) => `${one.protocolType}:${one.port}`.toLowerCase());
  const transports = rule.ipProtocols ?? (rule.protocols ?? []).filter((one) => typeof one === "string");
  const ports = rule.destinationPorts ? [`${transports.join("/")} ${rule.destinationPorts.join(", ")}`.trim()] : [];
  return {
    key,
    name: rule.name,
    description: rule.description ?? "",
    sources: gather(rule, SOURCES),
    targets: gather(rule, TARGETS),
    ports: [...protocols, ...ports],
  };
}
