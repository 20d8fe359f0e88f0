//! What is asked and answered at a console, as a state machine.

/// What a line led to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard<T> {
    /// The next question is [`Conversation::text`].
    Next,
    /// It is no answer, and why; the same question again.
    NotThat(String),
    /// All is said, and what.
    Done(T),
}

/// Questions, one after the other.
pub trait Conversation {
    /// What it leads to.
    type Result;

    /// What is said before the first question.
    fn greeting(&self) -> String;

    /// What is asked now.
    fn text(&self) -> String;

    /// Takes an answer.
    fn hear(&mut self, line: &str) -> Heard<Self::Result>;

    /// What is said when the result was carried out.
    fn goodbye(&self) -> String;
}
