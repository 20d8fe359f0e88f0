//! What simple values look like, as regular expressions that editors understand (ECMA 262).
//!
//! Each takes everything that its checked type in `values` takes, and some more where the rule is no matter of characters:
//! octets beyond 255, `..` in a path. The tests hold the two against each other.

use std::borrow::Cow;

/// RFC 1123 labels with dots between: a host name.
pub(super) const NAME: &str = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$";
/// A domain, which may end in a dot.
pub(super) const DOMAIN: &str =
    r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\.?$";
/// A server by name, in any case, or by address.
pub(super) const SERVER: &str = r"^[A-Za-z0-9:]([-A-Za-z0-9.:]*[A-Za-z0-9:])?$";
/// An IP address.
pub(super) const ADDRESS: &str = r"^([0-9]{1,3}(\.[0-9]{1,3}){3}|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*)$";
/// An IP address with prefix length.
pub(super) const CIDR: &str =
    r"^([0-9]{1,3}(\.[0-9]{1,3}){3}|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*)/[0-9]{1,3}$";
/// The goal of a route.
pub(super) const DESTINATION: &str =
    r"^(default|([0-9]{1,3}(\.[0-9]{1,3}){3}|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*)/[0-9]{1,3})$";
/// A web address.
pub(super) const URL: &str = r"^[Hh][Tt][Tt][Pp][Ss]?://[^/ \t\r\n][^ \t\r\n]*$";
/// A network interface's name.
pub(super) const INTERFACE: &str = r"^[!-.0-9;-~]{1,15}$";
/// A hardware address.
pub(super) const MAC: &str = r"^[0-9A-Fa-f]{2}([:-][0-9A-Fa-f]{2}){5}$";
/// A Wi-Fi passphrase, or the key itself.
pub(super) const PASSPHRASE: &str = r"^([ -~]{8,63}|[0-9A-Fa-f]{64})$";
/// An entry of `ssh_authorized_keys`: options may stand in front of a key.
pub(super) const SSH_KEY: &str =
    r"^\s*(github:|gitlab:|https://)|ssh-ed25519|ssh-rsa|ssh-dss|ecdsa-sha2-nistp";
/// A time zone, in any case.
pub(super) const ZONE: &str = r"^[A-Za-z0-9_+/-]+$";
/// A file that can be written on a node.
pub(super) const WRITABLE: &str =
    r"^/(etc|var|home|opt|root|usr/local|run|tmp)(/[^/\x00-\x1f\x7f-\x9f]+)+$";
/// The absolute path of a file.
pub(super) const FILE: &str = r"^/[^\x00-\x1f\x7f-\x9f]*[^/\x00-\x1f\x7f-\x9f]$";
/// A file's owner.
pub(super) const OWNER: &str =
    r"^[A-Za-z0-9_.][A-Za-z0-9_.-]{0,31}(:[A-Za-z0-9_.][A-Za-z0-9_.-]{0,31})?$";
/// Permission bits.
pub(super) const MODE: &str = r"^(0o)?0?[0-7]{3,4}$";
/// A manifest's name.
pub(super) const MANIFEST: &str = r"^[A-Za-z0-9_-][A-Za-z0-9_.-]{0,199}$";
/// A kernel module's name.
pub(super) const MODULE: &str = r"^[A-Za-z0-9_-]{1,64}$";
/// A kernel setting's name.
pub(super) const SYSCTL: &str = r"^[A-Za-z0-9_*:@-]+([./][A-Za-z0-9_*:@-]+)+$";
/// An environment variable's name.
pub(super) const VARIABLE: &str = r"^[A-Za-z_][A-Za-z0-9_]*$";
/// A flag's name; dashes in front are dropped.
pub(super) const FLAG: &str = r"^-*[a-z0-9]([a-z0-9-]*[a-z0-9])?$";
/// A registry's host.
pub(super) const REGISTRY: &str =
    r"^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?)(:\+?[0-9]+)?$";
/// A registry's host, or every other.
pub(super) const MIRRORED: &str =
    r"^(\*|(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?)(:\+?[0-9]+)?)$";
/// A label's key.
pub(super) const LABEL_KEY: &str = r"^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$";
/// A label's value.
pub(super) const LABEL_VALUE: &str = r"^([A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?$";
/// A taint in one piece.
pub(super) const TAINT: &str = r"^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?(=([A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?)?:(NoSchedule|PreferNoSchedule|NoExecute)$";
/// One line, maybe empty.
pub(super) const LINE: &str = r"^[^\x00-\x08\x0a-\x1f\x7f-\x9f]*$";
/// A password or its hash: eight characters at least, not shadow's sign for a locked account.
pub(super) const PASSWORD: &str = r"^[^*!\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]{7,}$";
/// One line without tabs, not empty.
pub(super) const SECRET: &str = r"^[^\x00-\x1f\x7f-\x9f]+$";
/// More than blanks.
pub(super) const SOMETHING: &str = r"[^ \t\r\n]";
/// A PEM block.
pub(super) const PEM: &str = "-----BEGIN ";

/// Any of these flags, with or without dashes in front.
pub(super) fn any_of(flags: &[&str]) -> Cow<'static, str> {
    format!("^-*({})$", flags.join("|")).into()
}
