//! What the types do not say: which members must be there, what a text looks like, how large a number may be.
//!
//! Members are demanded of the entries of lists alone. A list comes whole from one source, but a mapping may be put
//! together from several: a registry's user name from one file, its password from a USB stick.

use serde_json::{Map, Value as Json, json};

use super::patterns::{
    ADDRESS, CIDR, DESTINATION, DOMAIN, FILE, FLAG, INTERFACE, LABEL_KEY, LABEL_VALUE, LINE, MAC,
    MANIFEST, MIRRORED, MODE, MODULE, NAME, OWNER, PASSPHRASE, PASSWORD, PEM, REGISTRY, SECRET,
    SERVER, SOMETHING, SSH_KEY, SYSCTL, TAINT, URL, VARIABLE, WRITABLE, ZONE, any_of,
};
use super::takes;
use crate::check::refused_flags;

/// Adds them to the schema.
pub(super) fn add(schema: &mut Json) {
    put(schema, "", "required", &json!(["version"]));
    for (way, pattern) in PATTERNS {
        put(schema, way, "pattern", &json!(pattern));
    }
    for (way, pattern) in KEYS {
        put(schema, way, "propertyNames", &json!({ "pattern": pattern }));
    }
    for (way, members) in REQUIRED {
        put(schema, way, "required", &json!(members));
    }
    for (way, one, other) in EITHER {
        let choice = json!([{ "required": [one] }, { "required": [other] }]);
        put(schema, way, "oneOf", &choice);
    }
    for (way, word, number) in LIMITS {
        put(schema, way, word, &json!(number));
    }
    let named = json!({ "content": ["name"] });
    put(schema, "manifests[]", "dependentRequired", &named);
    for key in FLAGS {
        let refused = any_of(&refused_flags(key));
        let names = json!({ "pattern": FLAG, "not": { "pattern": refused } });
        put(
            schema,
            &format!("kubernetes.{key}"),
            "propertyNames",
            &names,
        );
    }
}

/// Texts; `[]` is each entry of a list, `[KEY]` each value of a mapping whose keys are free.
const PATTERNS: &[(&str, &str)] = &[
    ("hostname", NAME),
    ("timezone", ZONE),
    ("ssh_authorized_keys[]", SSH_KEY),
    ("password", PASSWORD),
    ("write_files[].path", WRITABLE),
    ("write_files[].owner", OWNER),
    ("write_files[].permissions", MODE),
    ("init_commands[]", SOMETHING),
    ("boot_commands[]", SOMETHING),
    ("run_commands[]", SOMETHING),
    ("modules[]", MODULE),
    ("sysctls[KEY]", LINE),
    ("environment[KEY]", LINE),
    ("ntp_servers[]", SERVER),
    ("network.dns.nameservers[]", ADDRESS),
    ("network.dns.search[]", DOMAIN),
    ("network.interfaces[].name", INTERFACE),
    ("network.interfaces[].match.mac", MAC),
    ("network.interfaces[].addresses[]", CIDR),
    ("network.interfaces[].gateway", ADDRESS),
    ("network.interfaces[].gateway[]", ADDRESS),
    ("network.interfaces[].routes[].to", DESTINATION),
    ("network.interfaces[].routes[].via", ADDRESS),
    ("network.interfaces[].dns.nameservers[]", ADDRESS),
    ("network.interfaces[].dns.search[]", DOMAIN),
    ("network.wifi[].passphrase", PASSPHRASE),
    ("network.wifi[].interface", INTERFACE),
    ("network.proxy.http", URL),
    ("network.proxy.https", URL),
    ("network.proxy.no_proxy", SOMETHING),
    ("network.proxy.no_proxy[]", SOMETHING),
    ("labels[KEY]", LABEL_VALUE),
    ("taints[]", TAINT),
    ("taints[].key", LABEL_KEY),
    ("taints[].value", LABEL_VALUE),
    ("kubernetes.node_name", NAME),
    ("kubernetes.node_address", ADDRESS),
    ("kubernetes.pod_cidr", CIDR),
    ("kubernetes.service_cidr", CIDR),
    ("kubernetes.cluster_domain", DOMAIN),
    ("kubernetes.tls_sans[]", SERVER),
    ("registries.mirrors[KEY].endpoints", URL),
    ("registries.mirrors[KEY].endpoints[]", URL),
    ("registries.configs[KEY].auth.password", SECRET),
    ("registries.configs[KEY].auth.token", SECRET),
    ("registries.configs[KEY].tls.ca", PEM),
    ("registries.configs[KEY].tls.cert", PEM),
    ("registries.configs[KEY].tls.key", PEM),
    ("manifests[].name", MANIFEST),
    ("manifests[].content", SOMETHING),
    ("manifests[].url", URL),
    ("images[].path", FILE),
    ("images[].url", URL),
    ("config_url", URL),
];

/// Keys of mappings whose keys are free.
const KEYS: &[(&str, &str)] = &[
    ("sysctls", SYSCTL),
    ("environment", VARIABLE),
    ("labels", LABEL_KEY),
    ("registries.mirrors", MIRRORED),
    ("registries.configs", REGISTRY),
];

/// Members that every entry of a list has.
const REQUIRED: &[(&str, &[&str])] = &[
    ("write_files[]", &["path"]),
    ("network.interfaces[].match", &["mac"]),
    ("network.interfaces[].routes[]", &["to"]),
    ("network.wifi[]", &["name"]),
    ("taints[]", &["key", "effect"]),
];

/// Lists whose entries have one of two members, and never both.
const EITHER: &[(&str, &str, &str)] = &[
    ("network.interfaces[]", "name", "match"),
    ("manifests[]", "content", "url"),
    ("images[]", "path", "url"),
];

/// Numbers, and how long something may be.
const LIMITS: &[(&str, &str, u32)] = &[
    ("hostname", "maxLength", 63),
    ("kubernetes.node_name", "maxLength", 63),
    ("kubernetes.cluster_domain", "maxLength", 254),
    ("network.interfaces[].mtu", "minimum", 576),
    ("network.interfaces[].mtu", "maximum", 65_535),
    ("network.interfaces[].routes[].metric", "maximum", u32::MAX),
    ("ntp_servers", "minItems", 1),
    ("network.wifi[].name", "minLength", 1),
    ("network.wifi[].name", "maxLength", 32),
    ("init_commands[]", "minItems", 1),
    ("boot_commands[]", "minItems", 1),
    ("run_commands[]", "minItems", 1),
    ("registries.mirrors[KEY].endpoints", "minItems", 1),
];

/// Where flags of components stand.
const FLAGS: [&str; 5] = [
    "api_server_args",
    "controller_manager_args",
    "scheduler_args",
    "kubelet_args",
    "kube_proxy_args",
];

/// Puts a keyword into every shape at the end of `way` that takes values of its type.
fn put(schema: &mut Json, way: &str, keyword: &str, value: &Json) {
    let kind = match keyword {
        "pattern" | "minLength" | "maxLength" => "string",
        "minimum" | "maximum" => "integer",
        "minItems" => "array",
        _ => "object",
    };
    let steps = way.replace('[', ".[");
    let steps: Vec<&str> = steps.split('.').filter(|step| !step.is_empty()).collect();
    let found = each(schema, &steps, &mut |shape| {
        let fits = takes(&Json::Object(shape.clone()), kind);
        if fits {
            shape.insert(keyword.to_owned(), value.clone());
        }
        fits
    });
    assert!(found, "the schema has no {way} that takes {keyword}");
}

/// Calls `work` with every shape at the end of `steps`; true when any of the calls says so.
fn each(
    schema: &mut Json,
    steps: &[&str],
    work: &mut dyn FnMut(&mut Map<String, Json>) -> bool,
) -> bool {
    if let Some(Json::Array(choices)) = schema.get_mut("anyOf") {
        let any = choices.iter_mut().map(|choice| each(choice, steps, work));
        return any.fold(false, |any, one| any | one);
    }
    let Json::Object(shape) = schema else {
        return false;
    };
    let Some((step, rest)) = steps.split_first() else {
        return work(shape);
    };
    let below = match *step {
        "[]" => shape.get_mut("items"),
        "[KEY]" => shape.get_mut("additionalProperties"),
        key => shape
            .get_mut("properties")
            .and_then(|members| members.get_mut(key)),
    };
    below.is_some_and(|below| each(below, rest, work))
}
