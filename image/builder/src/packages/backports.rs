//! What a lock has from the suite's backports: what is named, and nothing else.

use super::lock::LockedPackage;
use super::patterns::Patterns;
use crate::error::{Error, Result};

/// What Debian puts into the version of every package that was built for backports.
const MARK: &str = "~bpo";

/// apt's preferences: named packages from there. Others it takes from there only where no other suite has one.
pub(super) fn preferences(suite: &str, named: &Patterns) -> String {
    if named.is_empty() {
        return String::new();
    }
    let names: Vec<&str> = named.texts().collect();
    format!(
        "Package: {}\nPin: release n={suite}-backports\nPin-Priority: 990\n",
        names.join(" ")
    )
}

/// Whether all that was resolved from there is named, and each name stands for something.
pub(super) fn check(packages: &[LockedPackage], named: &Patterns) -> Result<()> {
    let newer = packages
        .iter()
        .filter(|package| package.version.contains(MARK));
    let strange: Vec<&str> = newer
        .clone()
        .map(|package| package.name.as_str())
        .filter(|name| !named.matches(name))
        .collect();
    if !strange.is_empty() {
        return Err(Error::Wrong(format!(
            "apt takes packages from backports that `backports` in buildroot/packages.toml does not name: {}; name them, or what needs them in another version",
            strange.join(", ")
        )));
    }
    let idle = named.idle(newer.map(|package| package.name.as_str()));
    if idle.is_empty() {
        return Ok(());
    }
    Err(Error::Wrong(format!(
        "`backports` in buildroot/packages.toml names {}, and apt takes no such package from there: correct it, or take it out",
        idle.join(", ")
    )))
}

#[cfg(test)]
mod tests {
    use super::super::lock::tests::package;
    use super::*;

    #[test]
    fn what_comes_from_there_is_named_and_all_that_is_named_comes() {
        let bash = package("bash", "5.2.37-2");
        let kernel = package("linux-image-7.3.4+deb13-arm64", "7.3.4-1~bpo13+1");
        let old = package("linux-image-6.12.117+deb13-arm64", "6.12.117-1");
        let other = package("dracut", "111-1~bpo13+1");
        type Case<'a> = (
            &'a str,
            Vec<&'a LockedPackage>,
            &'a [&'a str],
            Option<&'a str>,
        );
        let cases: [Case<'_>; 5] = [
            ("nothing", vec![&bash, &old], &[], None),
            ("a kernel", vec![&bash, &kernel], &["linux-image-*"], None),
            (
                "one that nobody named",
                vec![&kernel, &other],
                &["linux-image-*"],
                Some("does not name: dracut"),
            ),
            (
                "the suite's own",
                vec![&old],
                &["linux-image-*"],
                Some("names linux-image-*, and apt takes no such package"),
            ),
            (
                "a slip of the pen",
                vec![&kernel],
                &["linux-image-*", "linux-modulse-*"],
                Some("names linux-modulse-*"),
            ),
        ];
        for (name, packages, named, want) in cases {
            let named = Patterns::new("here", named).expect("valid");
            let packages: Vec<LockedPackage> = packages.into_iter().cloned().collect();
            let said = check(&packages, &named)
                .err()
                .map(|error| error.to_string());
            assert_eq!(said.is_some(), want.is_some(), "{name}: {said:?}");
            let (said, want) = (said.unwrap_or_default(), want.unwrap_or_default());
            assert!(said.contains(want), "{name}: {said}");
        }
    }

    #[test]
    fn apt_is_told_where_named_packages_come_from() {
        let named = Patterns::new("here", &["linux-base", "linux-image-*"]).expect("valid");
        let want = "Package: linux-base linux-image-*\nPin: release n=trixie-backports\nPin-Priority: 990\n";
        assert_eq!(preferences("trixie", &named), want);
        assert_eq!(preferences("trixie", &Patterns::default()), "");
    }
}
