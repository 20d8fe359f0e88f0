//! kube-apiserver: flags, who may come in without a name, what is audited.

use super::file::{json, leaf_file, pki_file, trust_file};
use super::node_facts::{API_PORT, NodeFacts};
use crate::args::Args;
use crate::file::PlannedFile;
use crate::paths::text;
use crate::{Paths, Settings};
use os_config::{AuditLevel, PodSecurity};
use serde_json::{Value, json};

/// Forward secrecy and authenticated encryption only; TLS 1.3 chooses its own. ChaCha20 in the older of its two spellings, which
/// is the one that the CIS benchmark's judges compare with.
pub(super) const CIPHERS: &str = "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,\
TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305,TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,\
TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305";

fn authentication(paths: &Paths) -> std::path::PathBuf {
    paths.run().join("authentication.json")
}

fn audit_policy(paths: &Paths) -> std::path::PathBuf {
    paths.run().join("audit-policy.json")
}

fn admission(paths: &Paths) -> std::path::PathBuf {
    paths.run().join("admission.json")
}

pub(super) fn args(settings: &Settings, facts: &NodeFacts, paths: &Paths) -> Args {
    let issuer = format!("https://kubernetes.default.svc.{}", settings.cluster.domain);
    let leaf = |name| leaf_file(paths, name);
    let trust = |name| trust_file(paths, name);
    let args = Args::default()
        .set("advertise-address", facts.address.to_string())
        .set("secure-port", API_PORT.to_string())
        .set(
            "etcd-servers",
            format!("unix://{}", text(&paths.datastore_socket())),
        )
        .set("authorization-mode", "Node,RBAC")
        .set("enable-admission-plugins", "NodeRestriction")
        .set("authentication-config", text(&authentication(paths)))
        .set("enable-bootstrap-token-auth", "true")
        .set("client-ca-file", trust("ca.crt"))
        .set("tls-cert-file", leaf("apiserver"))
        .set("tls-private-key-file", leaf("apiserver"))
        .set("tls-min-version", "VersionTLS12")
        .set("tls-cipher-suites", CIPHERS)
        .set("kubelet-certificate-authority", trust("ca.crt"))
        .set(
            "kubelet-client-certificate",
            leaf("apiserver-kubelet-client"),
        )
        .set("kubelet-client-key", leaf("apiserver-kubelet-client"))
        .set("kubelet-preferred-address-types", "InternalIP,Hostname")
        .set("proxy-client-cert-file", leaf("front-proxy-client"))
        .set("proxy-client-key-file", leaf("front-proxy-client"))
        .set("requestheader-client-ca-file", trust("front-proxy-ca.crt"))
        .set("requestheader-allowed-names", "front-proxy-client")
        .set("requestheader-extra-headers-prefix", "X-Remote-Extra-")
        .set("requestheader-group-headers", "X-Remote-Group")
        .set("requestheader-username-headers", "X-Remote-User")
        .set("enable-aggregator-routing", "true")
        .set("service-account-issuer", issuer)
        .set("service-account-key-file", trust("service-account.pub"))
        .set(
            "service-account-signing-key-file",
            pki_file(paths, "service-account.key"),
        )
        .set(
            "service-cluster-ip-range",
            settings.cluster.services.to_string(),
        )
        .set("encryption-provider-config", text(&paths.encryption()))
        // Without it a stop waits a minute for watches that never end by themselves.
        .set("shutdown-watch-termination-grace-period", "2s")
        .set("allow-privileged", "true")
        .set("profiling", "false")
        // As it is by default, said for those who look for it (CIS 1.2.19).
        .set("request-timeout", "1m0s")
        // One server: nobody compares identities, and the lease would be a write every ten seconds. The reconciler that
        // counts servers writes the API's endpoint only when it changes.
        .set(
            "feature-gates",
            "APIServerIdentity=false,UnknownVersionInteroperabilityProxy=false",
        )
        .set("endpoint-reconciler-type", "master-count");
    let args = args.set("admission-control-config-file", text(&admission(paths)));
    audit_args(args, settings.audit, paths)
}

/// The log is in memory and bounded: eleven files of 1 MB. Ages and numbers are those of the CIS benchmark (1.2.16 to 1.2.18),
/// the size is not: ten times its 100 MB would be all of a small machine's memory.
fn audit_args(args: Args, audit: AuditLevel, paths: &Paths) -> Args {
    if audit == AuditLevel::Off {
        return args;
    }
    args.set("audit-policy-file", text(&audit_policy(paths)))
        .set(
            "audit-log-path",
            text(&paths.at("/run/log/holdfast/audit.json")),
        )
        .set("audit-log-maxage", "30")
        .set("audit-log-maxsize", "1")
        .set("audit-log-maxbackup", "10")
        .set("audit-log-mode", "batch")
}

pub(super) fn files(settings: &Settings, paths: &Paths) -> Vec<PlannedFile> {
    let open = ["/livez", "/readyz", "/healthz"];
    let conditions: Vec<Value> = open.iter().map(|path| json!({ "path": path })).collect();
    let authentication_file = json!({
        "apiVersion": "apiserver.config.k8s.io/v1",
        "kind": "AuthenticationConfiguration",
        "anonymous": { "enabled": true, "conditions": conditions },
    });
    let mut files = vec![json(authentication(paths), &authentication_file)];
    files.push(json(
        admission(paths),
        &admission_file(settings.pod_security),
    ));
    if let Some(policy) = policy(settings.audit) {
        files.push(json(audit_policy(paths), &policy));
    }
    files
}

/// Pod Security for namespaces without labels of their own. The system's own pods have folders of the node.
fn admission_file(security: PodSecurity) -> Value {
    let (enforce, told) = match security {
        PodSecurity::Privileged => ("privileged", "privileged"),
        PodSecurity::Warn => ("privileged", "baseline"),
        PodSecurity::Baseline => ("baseline", "baseline"),
        PodSecurity::Restricted => ("restricted", "restricted"),
    };
    let defaults = json!({
        "enforce": enforce, "enforce-version": "latest",
        "audit": told, "audit-version": "latest",
        "warn": told, "warn-version": "latest",
    });
    json!({
        "apiVersion": "apiserver.config.k8s.io/v1",
        "kind": "AdmissionConfiguration",
        "plugins": [{
            "name": "PodSecurity",
            "configuration": {
                "apiVersion": "pod-security.admission.config.k8s.io/v1",
                "kind": "PodSecurityConfiguration",
                "defaults": defaults,
                "exemptions": { "usernames": [], "runtimeClasses": [], "namespaces": ["kube-system"] },
            },
        }],
    })
}

fn policy(audit: AuditLevel) -> Option<Value> {
    let body = match audit {
        AuditLevel::Off => return None,
        AuditLevel::Metadata => "Metadata",
        AuditLevel::Request => "Request",
    };
    let health = json!({ "level": "None", "nonResourceURLs": ["/livez*", "/readyz*", "/healthz*", "/version", "/metrics*"] });
    // Before all that is left out: exec, attach and port-forward begin as GETs where they are WebSockets, and a proxy passes
    // any request on. The address names the command; bodies are what runs through them.
    let inside = json!({
        "level": "Metadata",
        "resources": [{
            "group": "",
            "resources": ["pods/exec", "pods/attach", "pods/portforward", "pods/proxy", "services/proxy", "nodes/proxy"],
        }],
    });
    // Who reads a Secret is told, whoever he is (CIS Kubernetes Benchmark 3.2.2).
    let secret = json!({
        "level": "Metadata",
        "resources": [{ "group": "", "resources": ["secrets", "serviceaccounts/token"] }],
    });
    // What it removes, it removes for others: by lists, and with rights over everything.
    let removed = json!({
        "level": "Metadata",
        "users": ["holdfast:keeper"],
        "verbs": ["delete", "deletecollection"],
    });
    let system = json!({
        "level": "None",
        "users": ["system:kube-controller-manager", "system:kube-scheduler", "system:kube-proxy", "holdfast:keeper",
                  "holdfast:flannel", "system:apiserver"],
    });
    let nodes = json!({ "level": "None", "userGroups": ["system:nodes", "system:serviceaccounts:kube-system"] });
    let looking = json!({ "level": "None", "verbs": ["get", "list", "watch"] });
    let bodiless = json!({
        "level": "Metadata",
        "resources": [
            { "group": "", "resources": ["configmaps"] },
            { "group": "authentication.k8s.io", "resources": ["tokenreviews"] },
        ],
    });
    Some(json!({
        "apiVersion": "audit.k8s.io/v1",
        "kind": "Policy",
        "omitStages": ["RequestReceived"],
        "rules": [health, inside, secret, removed, system, nodes, looking, bodiless, { "level": body }],
    }))
}
