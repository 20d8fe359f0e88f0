//! From a checked configuration to a running Kubernetes: certificates, flags, manifests.
