//! The words of a shell script that stand where a command begins.

use std::collections::BTreeSet;
use std::iter::Peekable;
use std::str::Chars;

/// After these a command begins.
const OPENERS: [&str; 10] = [
    "if", "then", "else", "elif", "do", "while", "until", "!", "{", "time",
];
/// Programs whose arguments name a program.
const PREFIXES: [&str; 9] = [
    "sudo", "exec", "env", "nohup", "command", "nice", "ionice", "xargs", "timeout",
];
/// What the shell does itself.
const BUILTINS: [&str; 54] = [
    ".", "}", ":", "[", "[[", "alias", "bg", "break", "builtin", "caller", "case", "cd", "command",
    "continue", "declare", "do", "done", "echo", "esac", "eval", "exec", "exit", "export", "false",
    "fg", "fi", "for", "function", "getopts", "hash", "in", "jobs", "kill", "let", "local",
    "printf", "pwd", "read", "readonly", "return", "select", "set", "shift", "shopt", "source",
    "test", "times", "trap", "true", "type", "ulimit", "umask", "unset", "wait",
];

/// So deep may scripts in quotes be nested.
const DEEPEST: usize = 8;

/// The programs that `script` calls, as they are written, in order.
pub(super) fn programs(script: &str) -> Vec<String> {
    nested(script, 0)
}

fn nested(script: &str, nesting: usize) -> Vec<String> {
    let mut reader = Reader {
        chars: script.chars().peekable(),
        expects: true,
        word: String::new(),
        is_plain: true,
        skips: false,
        line: Vec::new(),
        depth: 0,
        nesting,
        heredocs: Vec::new(),
        found: Vec::new(),
        functions: BTreeSet::new(),
    };
    reader.read();
    let functions = reader.functions;
    let mut found = reader.found;
    found.retain(|name| !functions.contains(name));
    found
}

struct Reader<'a> {
    chars: Peekable<Chars<'a>>,
    /// A command begins with the next word.
    expects: bool,
    word: String,
    /// The word says its name itself, without quotes and variables.
    is_plain: bool,
    /// The next word is where something is read from or written to.
    skips: bool,
    /// Programs since the line, or the part of it, began; they may turn out to be the pattern of a `case`.
    line: Vec<String>,
    /// Open parentheses.
    depth: usize,
    nesting: usize,
    /// Ends of texts that begin with the next line.
    heredocs: Vec<String>,
    found: Vec<String>,
    functions: BTreeSet<String>,
}

impl Reader<'_> {
    fn read(&mut self) {
        while let Some(c) = self.chars.next() {
            match c {
                '\\' => self.escaped(),
                '\'' => {
                    self.is_plain = false;
                    self.past('\'');
                }
                '"' => self.quoted(),
                '`' => self.begin(),
                '$' => self.variable(),
                '#' if self.word.is_empty() && self.is_plain => self.comment(),
                ' ' | '\t' | '\r' => self.end_word(),
                '\n' => self.end_line(),
                ';' => {
                    self.end_word();
                    self.commit();
                    self.expects = true;
                }
                '&' | '|' => {
                    self.end_word();
                    self.expects = true;
                }
                '<' | '>' => self.redirection(c),
                '(' => self.open(),
                ')' => self.close(),
                _ => self.word.push(c),
            }
        }
        self.end_word();
        self.commit();
    }

    fn escaped(&mut self) {
        match self.chars.next() {
            Some('\n') | None => {}
            Some(_) => self.is_plain = false,
        }
    }

    /// Of a text in double quotes only the commands that make a part of it matter.
    fn quoted(&mut self) {
        self.is_plain = false;
        while let Some(c) = self.chars.next() {
            match c {
                '"' => return,
                '\\' => {
                    self.chars.next();
                }
                '`' => {
                    let inner: String = self.chars.by_ref().take_while(|c| *c != '`').collect();
                    self.inner(&inner);
                }
                '$' if self.chars.next_if_eq(&'(').is_some() => {
                    let mut open = 1;
                    let is_inside = |c: &char| {
                        match c {
                            '(' => open += 1,
                            ')' => open -= 1,
                            _ => {}
                        }
                        open > 0
                    };
                    let inner: String = self.chars.by_ref().take_while(is_inside).collect();
                    self.inner(&inner);
                }
                _ => {}
            }
        }
    }

    fn inner(&mut self, script: &str) {
        // `$((…))` is arithmetic.
        if self.nesting < DEEPEST && !script.starts_with('(') {
            self.line.extend(nested(script, self.nesting + 1));
        }
    }

    fn past(&mut self, end: char) {
        for c in self.chars.by_ref() {
            if c == end {
                return;
            }
        }
    }

    fn comment(&mut self) {
        while self.chars.peek().is_some_and(|c| *c != '\n') {
            self.chars.next();
        }
    }

    /// A command begins within a word.
    fn begin(&mut self) {
        self.word.clear();
        self.is_plain = true;
        self.expects = true;
    }

    fn variable(&mut self) {
        match self.chars.peek() {
            Some('(') => {
                self.chars.next();
                if self.chars.peek() == Some(&'(') {
                    self.is_plain = false;
                    self.past(')');
                    self.chars.next_if_eq(&')');
                } else {
                    self.depth += 1;
                    self.begin();
                }
            }
            Some('{') => {
                self.is_plain = false;
                self.past('}');
            }
            _ => self.is_plain = false,
        }
    }

    fn redirection(&mut self, first: char) {
        // A number in front says which stream is meant.
        if self.word.chars().all(|c| c.is_ascii_digit()) {
            self.word.clear();
        }
        self.end_word();
        let mut all = first.to_string();
        while let Some(c) = self.chars.next_if(|c| "<>&-".contains(*c)) {
            all.push(c);
        }
        if all == "<<" || all == "<<-" {
            while self.chars.next_if_eq(&' ').is_some() {}
            let mut end = String::new();
            while let Some(c) = self
                .chars
                .next_if(|c| !c.is_whitespace() && !";|&".contains(*c))
            {
                end.push(c);
            }
            end.retain(|c| !"'\"\\".contains(c));
            self.heredocs.push(end);
        } else {
            self.skips = !all.ends_with('-');
        }
    }

    fn end_line(&mut self) {
        self.end_word();
        self.commit();
        self.expects = true;
        for end in std::mem::take(&mut self.heredocs) {
            loop {
                let mut line = String::new();
                let mut is_last = true;
                for c in self.chars.by_ref() {
                    if c == '\n' {
                        is_last = false;
                        break;
                    }
                    line.push(c);
                }
                if is_last || line.trim() == end {
                    break;
                }
            }
        }
    }

    fn open(&mut self) {
        let names_function = !self.word.is_empty() && self.chars.peek() == Some(&')');
        if names_function {
            self.chars.next();
            self.functions.insert(std::mem::take(&mut self.word));
        } else {
            self.end_word();
            self.depth += 1;
        }
        self.expects = true;
    }

    /// Without an open parenthesis it ends the pattern of a `case`.
    fn close(&mut self) {
        self.end_word();
        match self.depth.checked_sub(1) {
            Some(depth) => {
                self.depth = depth;
                self.expects = false;
            }
            None => {
                self.line.clear();
                self.expects = true;
            }
        }
    }

    fn commit(&mut self) {
        self.found.append(&mut self.line);
    }

    fn end_word(&mut self) {
        let word = std::mem::take(&mut self.word);
        let is_plain = std::mem::replace(&mut self.is_plain, true);
        if word.is_empty() && is_plain {
            return;
        }
        if std::mem::take(&mut self.skips) || !self.expects {
            return;
        }
        let word = word.as_str();
        let is_number = word.starts_with(|c: char| c.is_ascii_digit());
        if word.contains('=') || OPENERS.contains(&word) || word.starts_with('-') || is_number {
            return;
        }
        self.expects = PREFIXES.contains(&word);
        if is_plain && !BUILTINS.contains(&word) {
            self.line.push(word.to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::programs;

    #[test]
    fn where_commands_begin() {
        for (script, expected) in [
            ("", ""),
            ("ls -l", "ls"),
            ("a | b && c || d; e & f", "a b c d e f"),
            ("A=1 B=\"x y\" c d", "c"),
            ("if a; then b; elif ! c; then d; else e; fi", "a b c d e"),
            ("for x in one two; do a $x; done", "a"),
            ("while read x; do a; done < file", "a"),
            ("echo one two", ""),
            ("a > b 2>&1 < c", "a"),
            ("> out a", "a"),
            ("a $(b c) `d e`", "a b d"),
            ("x=$(b c); y=$((1 + 2)); z=${a:-b}", "b"),
            ("echo \"$(b | c)\"", "b c"),
            ("echo \"a; b $((1+2)) `c` \" d; e", "c e"),
            ("# a comment\na # b", "a"),
            ("a 'b; c' d", "a"),
            ("\"$PROGRAM\" x; $OTHER y", ""),
            ("sudo -E timeout 5 a b", "sudo timeout a"),
            ("cat > f << 'END'\nnot me\nEND\na", "cat a"),
            ("cat <<-E\n\tnot me\n\tE\na", "cat a"),
            ("f() { a; }\nf; b", "a b"),
            ("case $1 in\nstart|stop) a ;;\n*) b\n;; esac", "a b"),
            ("(a; b)\n{ c; }", "a b c"),
            ("a \\\n  b", "a"),
            ("cat <<E\nnever ends", "cat"),
            ("a 'never ends", "a"),
        ] {
            assert_eq!(programs(script).join(" "), expected, "{script:?}");
        }
    }
}
