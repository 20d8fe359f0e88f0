//! How long signatures count, as people say it.

use jiff::SignedDuration;
use release::publish::Lifetimes;

/// No signature counts for longer: a hundred years.
const LONGEST_DAYS: i64 = 36_500;

/// How long signatures count
#[derive(Debug, Clone, Copy, clap::Args)]
pub(crate) struct SigningTimes {
    /// How long the signatures count that say which state is the newest: so long can a node be kept from newer ones
    #[arg(long, value_name = "TIME", default_value = "30d", value_parser = parse)]
    expires: SignedDuration,
    /// How long the signature of the list of files counts
    #[arg(long, value_name = "TIME", default_value = "365d", value_parser = parse)]
    targets_expires: SignedDuration,
}

impl SigningTimes {
    pub(crate) const fn lifetimes(self) -> Lifetimes {
        Lifetimes {
            targets: self.targets_expires,
            newest: self.expires,
        }
    }
}

/// `30d`, `12h`, or bare days.
pub(crate) fn parse(text: &str) -> Result<SignedDuration, String> {
    let (digits, hours) = match text.strip_suffix('h') {
        Some(digits) => (digits, 1),
        None => (text.strip_suffix('d').unwrap_or(text), 24),
    };
    let number = digits.parse::<u32>().ok();
    number
        .map(|number| SignedDuration::from_hours(i64::from(number) * hours))
        .filter(|length| (1..=LONGEST_DAYS * 24).contains(&length.as_hours()))
        .ok_or_else(|| "write a time such as 30d or 12h, at most 36500d".to_owned())
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn lengths() {
        for (text, hours) in [
            ("30d", Some(720)),
            ("30", Some(720)),
            ("12h", Some(12)),
            ("36500d", Some(876_000)),
            ("36501d", None),
            ("0d", None),
            ("-1d", None),
            ("1m", None),
            ("", None),
            ("d", None),
        ] {
            assert_eq!(parse(text).ok().map(|l| l.as_hours()), hours, "{text}");
        }
    }
}
