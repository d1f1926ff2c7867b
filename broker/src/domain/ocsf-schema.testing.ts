/**
 * What OCSF 1.7.0 demands of the classes and objects that phi writes, taken from the schema's own files (github.com/ocsf/ocsf-schema, the commit of
 * that release: events/, objects/, dictionary.json; inheritance resolved, optional profiles left out).
 */
interface Part {
  /** Must be there. */
  readonly required: string;
  /** Of these one at least must be there. */
  readonly oneOf?: string;
  /** May be there; no other may. */
  readonly known: string;
  /** The object that a field is. */
  readonly objects: Readonly<Record<string, string>>;
}

interface Class extends Part {
  readonly activities: readonly number[];
}

export const SEVERITIES = [0, 1, 2, 3, 4, 5, 6, 99];
export const STATUSES = [0, 1, 2, 99];

export const CLASSES: Readonly<Record<number, Class>> = {
  1007: {
    required: "activity_id actor category_uid class_uid device metadata process severity_id time type_uid",
    known:
      "activity_id activity_name actor actual_permissions category_name category_uid class_name class_uid count device duration end_time enrichments exit_code injection_type injection_type_id launch_type launch_type_id message metadata module observables process raw_data raw_data_hash raw_data_size requested_permissions severity severity_id start_time status status_code status_detail status_id time timezone_offset type_name type_uid unmapped",
    objects: { metadata: "metadata", actor: "actor", device: "device", process: "process" },
    activities: [0, 1, 2, 3, 4, 5, 99],
  },
  3002: {
    required: "activity_id category_uid class_uid metadata severity_id time type_uid user",
    oneOf: "service dst_endpoint",
    known:
      "account_switch_type account_switch_type_id activity_id activity_name actor auth_factors auth_protocol auth_protocol_id authentication_token category_name category_uid certificate class_name class_uid count dst_endpoint duration end_time enrichments http_request http_response is_cleartext is_mfa is_new_logon is_remote logon_process logon_type logon_type_id message metadata observables raw_data raw_data_hash raw_data_size service session severity severity_id src_endpoint start_time status status_code status_detail status_id time timezone_offset type_name type_uid unmapped user",
    objects: {
      metadata: "metadata",
      actor: "actor",
      src_endpoint: "network_endpoint",
      dst_endpoint: "network_endpoint",
      service: "service",
      user: "user",
    },
    activities: [0, 1, 2, 3, 4, 5, 6, 7, 99],
  },
  3005: {
    required: "activity_id category_uid class_uid metadata privileges severity_id time type_uid user",
    known:
      "activity_id activity_name actor category_name category_uid class_name class_uid count duration end_time enrichments http_request http_response message metadata observables privileges raw_data raw_data_hash raw_data_size resource resources severity severity_id src_endpoint start_time status status_code status_detail status_id time timezone_offset type_name type_uid unmapped user",
    objects: {
      metadata: "metadata",
      actor: "actor",
      src_endpoint: "network_endpoint",
      resource: "resource_details",
      resources: "resource_details",
      user: "user",
    },
    activities: [0, 1, 2, 99],
  },
  6002: {
    required: "activity_id app category_uid class_uid metadata severity_id time type_uid",
    known:
      "activity_id activity_name app category_name category_uid class_name class_uid count duration end_time enrichments message metadata observables raw_data raw_data_hash raw_data_size severity severity_id start_time status status_code status_detail status_id time timezone_offset type_name type_uid unmapped",
    objects: { metadata: "metadata", app: "product" },
    activities: [0, 1, 2, 3, 4, 5, 6, 7, 8, 99],
  },
  6003: {
    required: "activity_id actor api category_uid class_uid metadata severity_id src_endpoint time type_uid",
    known:
      "activity_id activity_name actor api category_name category_uid class_name class_uid count dst_endpoint duration end_time enrichments http_request http_response message metadata observables raw_data raw_data_hash raw_data_size resources severity severity_id src_endpoint start_time status status_code status_detail status_id time timezone_offset type_name type_uid unmapped",
    objects: {
      metadata: "metadata",
      actor: "actor",
      api: "api",
      dst_endpoint: "network_endpoint",
      resources: "resource_details",
      src_endpoint: "network_endpoint",
    },
    activities: [0, 1, 2, 3, 4, 99],
  },
};

export const OBJECTS: Readonly<Record<string, Part>> = {
  metadata: {
    required: "product version",
    known:
      "correlation_uid debug event_code extension extensions is_truncated labels log_format log_level log_name log_provider log_source log_version logged_time loggers modified_time original_event_uid original_time processed_time product profiles reporter sequence source tags tenant_uid transformation_info_list transmit_time type uid untruncated_size version",
    objects: { product: "product" },
  },
  product: {
    required: "",
    oneOf: "name uid",
    known: "cpe_name feature lang name path uid url_string vendor_name version",
    objects: {},
  },
  actor: {
    required: "",
    oneOf: "process user invoked_by session app_name app_uid",
    known: "app_name app_uid authorizations idp invoked_by process session user",
    objects: { process: "process", user: "user" },
  },
  user: {
    required: "",
    oneOf: "account name uid",
    known:
      "account credential_uid display_name domain email_addr forward_addr full_name groups has_mfa ldap_person name org phone_number programmatic_credentials risk_level risk_level_id risk_score type type_id uid uid_alt",
    objects: {},
  },
  api: {
    required: "operation",
    known: "group operation request response service version",
    objects: { request: "request", service: "service" },
  },
  request: {
    required: "uid",
    known: "containers data flags uid",
    objects: {},
  },
  network_endpoint: {
    required: "",
    oneOf: "ip uid name hostname svc_name instance_uid interface_uid interface_name domain",
    known:
      "agent_list autonomous_system domain hostname hw_info instance_uid interface_name interface_uid intermediate_ips ip isp isp_org location mac name network_scope network_scope_id os owner port proxy_endpoint subnet_uid svc_name type type_id uid vlan_uid vpc_uid zone",
    objects: {},
  },
  device: {
    required: "type_id",
    oneOf: "ip uid name hostname instance_uid interface_uid interface_name",
    known:
      "agent_list autoscale_uid boot_time boot_uid created_time desc domain eid first_seen_time groups hostname hw_info hypervisor iccid image imei imei_list instance_uid interface_name interface_uid ip is_backed_up is_compliant is_managed is_mobile_account_active is_personal is_shared is_supervised is_trusted last_seen_time location mac meid model modified_time name network_interfaces org os os_machine_uuid owner region risk_level risk_level_id risk_score subnet subnet_uid type type_id udid uid uid_alt vendor_name vlan_uid vpc_uid zone",
    objects: {},
  },
  process: {
    required: "",
    oneOf: "pid uid cpid",
    known:
      "ancestry cmd_line cpid created_time environment_variables file integrity integrity_id lineage loaded_modules name parent_process path pid ptid sandbox session terminated_time tid uid user working_directory xattributes",
    objects: { user: "user" },
  },
  resource_details: {
    required: "",
    oneOf: "name uid",
    known:
      "agent_list cloud_partition created_time criticality data group hostname ip is_backed_up labels modified_time name namespace owner region resource_relationship role role_id tags type uid uid_alt version zone",
    objects: {},
  },
  service: {
    required: "",
    oneOf: "name uid",
    known: "labels name tags uid version",
    objects: {},
  },
};

/** What of a value is not as the schema wants it, each with its place. */
export function faultsOf(value: unknown, part: Part, at: string): string[] {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return [`${at} is no object`];
  const fields = value as Record<string, unknown>;
  const words = (text: string) => text.split(" ").filter((word) => word !== "");
  const profiles = JSON.stringify((fields.metadata as { profiles?: unknown } | undefined)?.profiles ?? []);
  // The profile "host" adds these two.
  const known = [...words(part.known), ...(profiles.includes('"host"') ? ["actor", "device"] : [])];
  return [
    ...words(part.required).flatMap((name) => (fields[name] === undefined ? [`${at}.${name} is missing`] : [])),
    ...Object.keys(fields).flatMap((name) => (known.includes(name) ? [] : [`${at}.${name} is not in the schema`])),
    ...(part.oneOf !== undefined && !words(part.oneOf).some((name) => fields[name] !== undefined)
      ? [`${at} has none of ${part.oneOf}`]
      : []),
    ...Object.entries(part.objects).flatMap(([name, object]) => {
      const [found, wanted] = [fields[name], OBJECTS[object]];
      if (found === undefined || wanted === undefined) return [];
      return [found].flat().flatMap((one) => faultsOf(one, wanted, `${at}.${name}`));
    }),
  ];
}
