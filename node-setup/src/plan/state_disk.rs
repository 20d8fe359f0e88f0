//! What a boot has to know of the state partition before it can read it: what to do about damage, and whether to encrypt it when it
//! is made new.

use crate::encryption::to_note;
use crate::facts::Facts;
use crate::step::Step;
use disk::layout::WhenDamaged;
use os_config::Config;

/// Nothing where it is noted already: each note is a write to the partition table. A trial is no reason for one, and without a
/// table that can be read there is nothing to note it in.
pub(super) fn steps(config: &Config, facts: &Facts) -> Vec<Step> {
    let wanted = match config.state.when_damaged {
        os_config::WhenDamaged::Repair => WhenDamaged::Repair,
        os_config::WhenDamaged::Stop => WhenDamaged::Stop,
        os_config::WhenDamaged::Renew => WhenDamaged::Renew,
    };
    if facts.on_trial {
        return Vec::new();
    }
    let damage = facts.when_damaged.filter(|noted| *noted != wanted);
    let encryption = to_note(config.state.encryption, facts.state_disk);
    damage
        .map(|_| Step::NoteDamageChoice(wanted))
        .into_iter()
        .chain(encryption.map(Step::NoteEncryption))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::steps;
    use crate::facts::Facts;
    use crate::step::Step;
    use disk::layout::WhenDamaged::{self, Renew, Repair, Stop};
    use os_config::parse_config;

    #[test]
    fn only_a_change_is_noted() {
        let note = |choice| vec![Step::NoteDamageChoice(choice)];
        let cases: [(&str, Option<WhenDamaged>, bool, Vec<Step>); 7] = [
            ("", Some(Repair), false, vec![]),
            ("", Some(Stop), false, note(Repair)),
            (
                "state: {when_damaged: stop}",
                Some(Repair),
                false,
                note(Stop),
            ),
            ("state: {when_damaged: stop}", Some(Stop), false, vec![]),
            (
                "state: {when_damaged: renew}",
                Some(Repair),
                false,
                note(Renew),
            ),
            ("state: {when_damaged: renew}", Some(Repair), true, vec![]),
            ("state: {when_damaged: renew}", None, false, vec![]),
        ];
        for (text, when_damaged, on_trial, expected) in cases {
            let config = parse_config("config.yaml", format!("version: 1\n{text}\n").as_bytes());
            let facts = Facts {
                when_damaged,
                on_trial,
                ..Facts::default()
            };
            let found = steps(&config.expect("a configuration"), &facts);
            assert_eq!(found, expected, "{text} on {when_damaged:?}");
        }
    }
}
