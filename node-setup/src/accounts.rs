//! Users and groups by name, from the texts of `/etc/passwd` and `/etc/group`.

use crate::step::Owner;

/// Names to numbers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Accounts<'a> {
    passwd: &'a str,
    group: &'a str,
}

impl<'a> Accounts<'a> {
    /// From the two files' texts.
    pub(crate) fn new(passwd: &'a str, group: &'a str) -> Self {
        Accounts { passwd, group }
    }

    /// The owner meant by a user and a group, each a name or a number; the unknown name otherwise.
    ///
    /// # Errors
    /// The name that no account has.
    pub(crate) fn owner(&self, user: &str, group: &str) -> Result<Owner, String> {
        let uid = id(self.passwd, user).ok_or_else(|| format!("there is no user `{user}`"))?;
        let gid = id(self.group, group).ok_or_else(|| format!("there is no group `{group}`"))?;
        Ok(Owner { uid, gid })
    }

    /// As [`Accounts::owner`], from `user:group` or `user`.
    ///
    /// # Errors
    /// The name that no account has.
    pub(crate) fn parse(&self, owner: &str) -> Result<Owner, String> {
        let (user, group) = owner.split_once(':').unwrap_or((owner, owner));
        self.owner(user, group)
    }
}

/// Third field of the line whose first is `name`; both files have that shape.
fn id(file: &str, name: &str) -> Option<u32> {
    if let Ok(number) = name.parse() {
        return Some(number);
    }
    let line = file
        .lines()
        .find(|line| line.split(':').next() == Some(name))?;
    line.split(':').nth(2)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn owners() {
        let accounts = Accounts::new(
            "root:x:0:0:root:/root:/bin/bash\n_chrony:x:101:102::/:/usr/sbin/nologin\n",
            "root:x:0:\n_chrony:x:102:\n",
        );
        let cases = [
            ("root:root", Ok(Owner::ROOT)),
            ("_chrony", Ok(Owner { uid: 101, gid: 102 })),
            (
                "1000:1001",
                Ok(Owner {
                    uid: 1000,
                    gid: 1001,
                }),
            ),
            ("rancher", Err("there is no user `rancher`".to_owned())),
            (
                "root:rancher",
                Err("there is no group `rancher`".to_owned()),
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(accounts.parse(text), expected, "{text}");
        }
    }
}
