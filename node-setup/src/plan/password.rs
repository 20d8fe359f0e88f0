//! The password of `root`.

use crate::facts::Facts;
use crate::step::{Owner, Step};
use os_config::{Config, Password};
use sha_crypt::{PasswordHasher, ShaCrypt};

pub(super) fn steps(config: &Config, facts: &Facts) -> Vec<Step> {
    let hash = match &config.password {
        // `*`, not `!`: sshd takes `!` for a locked account and refuses keys as well.
        None => Ok("*".to_owned()),
        Some(Password::Hash(hash)) => Ok(hash.clone()),
        Some(Password::Clear(clear)) => hashed(clear, &facts.salt),
    };
    match hash {
        Ok(hash) => vec![Step::WriteFile {
            path: "/etc/shadow".into(),
            mode: 0o600,
            owner: Owner::ROOT,
            content: shadow(&facts.shadow, &hash).into(),
            on_failure: crate::step::OnFailure::Stop,
        }],
        Err(why) => vec![Step::LeaveOut(format!("the password is not set: {why}"))],
    }
}

/// SHA-512 crypt at its usual cost, which the C library knows on every system.
fn hashed(clear: &str, salt: &[u8]) -> Result<String, String> {
    // Twelve bytes are the sixteen characters of salt that the algorithm uses.
    let salt = salt.get(..12).unwrap_or(salt);
    let hash = ShaCrypt::SHA512
        .hash_password_with_salt(clear.as_bytes(), salt)
        .map_err(|error| error.to_string())?;
    Ok(hash.as_str().to_owned())
}

/// The file with root's hash replaced; a line for root when there is none.
fn shadow(old: &str, hash: &str) -> String {
    let mut text = format!("root:{hash}:20000:0:99999:7:::\n");
    for line in old
        .lines()
        .filter(|line| !line.starts_with("root:") && !line.is_empty())
    {
        text.push_str(line);
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    #[test]
    fn the_same_hash_as_openssl() {
        let ours = hashed("correct horse", b"0123456789ab").unwrap();
        let salt = ours.split('$').nth_back(1).unwrap();
        let theirs = Command::new("openssl")
            .args(["passwd", "-6", "-salt", salt, "correct horse"])
            .output()
            .unwrap();
        let theirs = String::from_utf8(theirs.stdout).unwrap();
        assert_eq!(ours.replace("rounds=5000$", ""), theirs.trim());
    }

    #[test]
    fn only_root_changes() {
        let old = "root:!:1:0:99999:7:::\nmessagebus:!:1::::::\n";
        assert_eq!(
            shadow(old, "*"),
            "root:*:20000:0:99999:7:::\nmessagebus:!:1::::::\n"
        );
        assert_eq!(shadow("", "*"), "root:*:20000:0:99999:7:::\n");
    }
}
