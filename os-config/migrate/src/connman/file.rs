//! The file's format: sections of settings.

/// The kinds of services that have a home.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Wired,
    Wireless,
}

/// A section, and those of its settings that nobody has taken yet.
pub(super) struct Section {
    pub(super) header: String,
    pub(super) settings: Vec<(String, String)>,
}

impl Section {
    /// What kind of service it is, when it is one that has a home.
    pub(super) fn kind(&self) -> Option<Kind> {
        if !self.header.starts_with("service_") {
            return None;
        }
        match self.get("Type")? {
            "ethernet" => Some(Kind::Wired),
            "wifi" => Some(Kind::Wireless),
            _ => None,
        }
    }

    fn at(&self, key: &str) -> Option<usize> {
        let named = |(name, _): &(String, String)| name.eq_ignore_ascii_case(key);
        self.settings.iter().rposition(named)
    }

    /// A setting; of one that is given twice the last counts.
    pub(super) fn get(&self, key: &str) -> Option<&str> {
        Some(self.settings[self.at(key)?].1.as_str())
    }

    /// The name of the service.
    pub(super) fn name(&self) -> &str {
        self.header.strip_prefix("service_").unwrap_or(&self.header)
    }

    /// Takes a setting out; of one that is given twice the others stay.
    pub(super) fn take(&mut self, key: &str) -> Option<String> {
        let at = self.at(key)?;
        Some(self.settings.remove(at).1)
    }

    /// Takes the words of a list out.
    pub(super) fn take_list(&mut self, key: &str) -> Vec<String> {
        let words = self.take(key).unwrap_or_default();
        words
            .split([',', ';', ' '])
            .filter(|word| !word.is_empty())
            .map(str::to_owned)
            .collect()
    }

    /// Takes the name of the file out, which is for people.
    pub(super) fn describe(&mut self) {
        self.take("Name");
        self.take("Description");
    }
}

/// The sections of the file, and the lines that belong to none.
pub(super) fn sections(content: &str) -> (Vec<Section>, Vec<String>) {
    let mut sections: Vec<Section> = Vec::new();
    let mut stray = Vec::new();
    for line in content.lines().map(str::trim) {
        let header = line
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'));
        if line.is_empty() || line.starts_with(['#', ';']) {
            continue;
        }
        match (header, line.split_once('='), sections.last_mut()) {
            (Some(header), ..) => sections.push(Section {
                header: header.to_owned(),
                settings: Vec::new(),
            }),
            (None, Some((key, value)), Some(section)) => {
                let setting = (key.trim().to_owned(), value.trim().to_owned());
                section.settings.push(setting);
            }
            _ => stray.push(line.to_owned()),
        }
    }
    (sections, stray)
}
