//! The password of `root`.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::text::{Invalid, text_value};

/// The password of `root`, for the console and ssh.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Password {
    /// A crypt(3) hash, `$6$…` or `$y$…`: goes into shadow as it is.
    Hash(String),
    /// The password itself: to be hashed before it is stored anywhere.
    Clear(String),
}

impl Password {
    /// Tells a hash from a clear password by its `$id$` beginning.
    ///
    /// # Errors
    /// [`Invalid`] for an empty or short one, one with control characters, shadow's signs for a locked account, a hash that
    /// is broken, outdated or of an unknown kind.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        if text.is_empty() {
            return Err(Invalid::new(
                "the password is empty",
                "write one, or remove the key: without it nobody can log in at the console",
            ));
        }
        if text.chars().any(char::is_control) {
            return Err(Invalid::new(
                "the password holds a control character",
                "write it in one line",
            ));
        }
        if text.starts_with(['*', '!']) {
            return Err(Invalid::new(
                "a password that begins with `*` or `!` is shadow's sign for a locked account",
                "remove the key: without it nobody logs in with a password; or begin the password otherwise",
            ));
        }
        let parts = text.strip_prefix('$').and_then(|rest| rest.split_once('$'));
        match parts {
            Some((id, body)) => hash(text, id, body),
            None => clear(text),
        }
    }
}

text_value! {
    Password => Self, Self::parse,
    const PATTERN: &str = r"^[^*!\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]{7,}$";
    const LOOSE: bool = true;
}

/// Fewer characters than this are tried out in no time: sshd takes the password from every network.
const SHORTEST: usize = 8;

fn clear(text: &str) -> Result<Password, Invalid> {
    let length = text.chars().count();
    if length < SHORTEST {
        return Err(Invalid::new(
            format!("the password has {length} characters, too few"),
            format!("write {SHORTEST} or more: it opens ssh, too"),
        ));
    }
    Ok(Password::Clear(text.to_owned()))
}

fn hash(text: &str, id: &str, body: &str) -> Result<Password, Invalid> {
    // How many parts the body has at least and at most, and how long the last one is.
    let (least, most, length) = match id {
        "5" => (2, 3, 43),
        "6" => (2, 3, 86),
        "y" | "gy" => (3, 3, 43),
        "7" => (2, 2, 43),
        "2a" | "2b" | "2y" => (2, 2, 53),
        "1" => {
            return Err(Invalid::new(
                "this is an MD5 password hash, which anyone can break",
                "make a new one with `mkpasswd -m yescrypt` or `openssl passwd -6`",
            ));
        }
        _ => {
            return Err(Invalid::new(
                "this looks like a password hash of a kind that is not known here",
                "make one with `mkpasswd -m yescrypt` or `openssl passwd -6`; a password in clear cannot begin with `$…$`",
            ));
        }
    };
    let parts: Vec<&str> = body.split('$').collect();
    let sound = |b: u8| b.is_ascii_alphanumeric() || b"./=,".contains(&b);
    let whole = (least..=most).contains(&parts.len())
        && parts.last().is_some_and(|last| last.len() == length)
        && parts
            .iter()
            .all(|part| !part.is_empty() && part.bytes().all(sound));
    if !whole {
        return Err(Invalid::new(
            "the password hash is cut short or broken",
            "copy the whole hash and put it in single quotes, so that nothing replaces its `$` parts",
        ));
    }
    Ok(Password::Hash(text.to_owned()))
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Hash(_) => "Password::Hash(redacted)",
            Self::Clear(_) => "Password::Clear(redacted)",
        })
    }
}

impl TryFrom<String> for Password {
    type Error = Invalid;
    fn try_from(text: String) -> Result<Self, Invalid> {
        Self::parse(&text)
    }
}

impl From<Password> for String {
    fn from(password: Password) -> Self {
        match password {
            Password::Hash(text) | Password::Clear(text) => text,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Password;

    /// A hash of the shape that `mkpasswd` prints, its last part so long.
    fn hash(begin: &str, length: usize) -> String {
        format!(
            "{begin}{}",
            "aB3/.xyz".repeat(11).get(..length).expect("long enough")
        )
    }

    #[test]
    fn hashes_are_whole_or_refused() {
        for (begin, length) in [
            ("$6$abcdefgh$", 86),
            ("$6$rounds=4096$abcdefgh$", 86),
            ("$5$abcdefgh$", 43),
            ("$y$j9T$abcdefghijklmnop$", 43),
            ("$gy$j9T$abcdefghijklmnop$", 43),
            ("$7$CU..../....abcdefgh$", 43),
            ("$2b$12$", 53),
            ("$2a$10$", 53),
            ("$2y$05$", 53),
        ] {
            let text = hash(begin, length);
            assert_eq!(Password::parse(&text), Ok(Password::Hash(text.clone())));
            for wrong in [
                hash(begin, length - 1),
                format!("{text}a"),
                format!("{}_", hash(begin, length - 1)),
                text.replacen('$', "$$", 1),
                begin.to_owned(),
            ] {
                let refused = Password::parse(&wrong).expect_err(&wrong);
                assert!(!refused.message.contains("xyz"), "{refused}");
            }
        }
    }

    #[test]
    fn what_is_neither_a_hash_nor_a_password() {
        let md5 = hash("$apr1$abcdefgh$", 22);
        for (text, message) in [
            ("*", "locked"),
            ("!", "locked"),
            ("!!", "locked"),
            ("!$6$abcdefgh$whatever", "locked"),
            (md5.as_str(), "not known"),
            ("$9$not a known kind", "not known"),
            ("$1$abcdefgh$abcdefghijklmnopqrstuv", "MD5"),
            ("seven77", "has 7 characters"),
            ("$ecret", "has 6 characters"),
        ] {
            let refused = Password::parse(text).expect_err(text);
            assert!(refused.message.contains(message), "{text}: {refused}");
            assert!(!refused.help.is_empty(), "{text}");
        }
        for text in [
            "correct horse",
            "$ecret-word",
            "a*b!c$d$",
            "p\u{e4}ssw\u{f6}rd",
        ] {
            assert_eq!(Password::parse(text), Ok(Password::Clear(text.to_owned())));
        }
    }
}
