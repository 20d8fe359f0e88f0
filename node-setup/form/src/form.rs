//! The form as a state machine: a line in, the next question out.

use crate::answers::{Answers, Network, Place};
use crate::conversation::{Conversation, Heard};
use crate::facts::Facts;
use crate::question::Question;

/// The form, at one of its questions.
#[derive(Debug, Clone)]
pub struct Form {
    facts: Facts,
    answers: Answers,
    question: Question,
    /// Those that were answered.
    before: Vec<Question>,
}

impl Form {
    /// At its first question.
    pub fn new(facts: Facts) -> Self {
        Self {
            answers: Answers {
                hostname: facts.hostname.clone(),
                ..Answers::default()
            },
            facts,
            question: Question::Place,
            before: Vec::new(),
        }
    }

    /// Puts an answer among the others, if the configuration is right with it.
    fn take(&mut self, line: &str) -> Result<(), String> {
        let mut answers = self.answers.clone();
        let text = || line.to_owned();
        match self.question {
            Question::Place => {
                let disks = self.facts.disks.len();
                answers.place = match number(line, None, disks + 1)? {
                    at if at == disks => Place::Booted,
                    at => Place::Disk(at),
                };
            }
            Question::Wipe if line == "wipe" => {}
            Question::Wipe => return Err("the word `wipe` was not typed".to_owned()),
            Question::Hostname if line.is_empty() => answers.hostname = self.facts.hostname.clone(),
            Question::Hostname => answers.hostname = text(),
            Question::Network => {
                answers.network = match number(line, Some(0), 2)? {
                    0 => Network::Dhcp,
                    _ => Network::Fixed,
                };
                if answers.network == Network::Fixed && self.facts.cards.is_empty() {
                    return Err("this machine has no network card that is known".to_owned());
                }
                // Those of a turn before this one.
                (answers.address, answers.gateway, answers.nameserver) = Default::default();
                self.answers = answers;
                return Ok(());
            }
            Question::Card => answers.card = number(line, Some(0), self.facts.cards.len())?,
            Question::Address if line.is_empty() => return Err("an address is needed".to_owned()),
            Question::Address => (answers.address, answers.gateway) = (text(), String::new()),
            Question::Gateway => answers.gateway = text(),
            Question::Nameserver => answers.nameserver = text(),
            Question::Key => answers.key = text(),
            Question::Confirm if line == "yes" => {}
            Question::Confirm => return Err("type `yes`, `back` or `again`".to_owned()),
        }
        // Without the address, which is asked for next, there is nothing to check yet.
        if self.question != Question::Card {
            check(&answers.yaml(&self.facts))?;
        }
        self.answers = answers;
        Ok(())
    }
}

impl Conversation for Form {
    type Result = String;

    fn greeting(&self) -> String {
        format!(
            "Holdfast {}: what this machine shall be. An empty line takes what stands in brackets; `back` goes to the question before.",
            self.facts.release
        )
    }

    fn text(&self) -> String {
        self.question.text(&self.answers, &self.facts)
    }

    fn hear(&mut self, line: &str) -> Heard<String> {
        let line = line.trim();
        match line {
            "back" => {
                self.question = self.before.pop().unwrap_or(Question::Place);
                return Heard::Next;
            }
            "again" => {
                *self = Self::new(self.facts.clone());
                return Heard::Next;
            }
            _ => {}
        }
        if let Err(why) = self.take(line) {
            return Heard::NotThat(why);
        }
        match self.question.next(&self.answers, &self.facts) {
            None => Heard::Done(self.answers.yaml(&self.facts)),
            Some(next) => {
                self.before.push(self.question);
                self.question = next;
                Heard::Next
            }
        }
    }

    fn goodbye(&self) -> String {
        "Written. This machine goes on by itself.".to_owned()
    }
}

/// A number from 1, as its place from 0.
fn number(line: &str, otherwise: Option<usize>, most: usize) -> Result<usize, String> {
    match (line, otherwise) {
        ("", Some(at)) => Ok(at),
        _ => match line.parse() {
            Ok(number) if (1..=most).contains(&number) => Ok(number - 1),
            _ => Err(format!("type a number from 1 to {most}")),
        },
    }
}

/// Reads the configuration as every node does.
fn check(yaml: &str) -> Result<(), String> {
    os_config::parse_config("config.yaml", yaml.as_bytes())
        .map(|_| ())
        .map_err(|report| {
            let problems = report.problems().iter();
            let each = problems.map(|problem| match problem.help.is_empty() {
                true => problem.message.clone(),
                false => format!("{} ({})", problem.message, problem.help),
            });
            each.collect::<Vec<_>>().join("\n")
        })
}

#[cfg(test)]
mod tests;
