//! The suite has an address for metadata and one for files; a node has one, and the two are `metadata/` and `targets/` below it.

use anyhow::{Context, Result, ensure};
use release::Source;
use url::Url;

/// The repository whose metadata is there.
pub(crate) fn source(metadata: &Url) -> Result<Source> {
    let base = base(metadata, "metadata")?;
    Ok(base.as_str().parse::<Source>()?)
}

/// Whether the files of that repository are there.
pub(crate) fn is_beside(targets: &Url, metadata: &Url) -> Result<()> {
    ensure!(
        base(targets, "targets")? == base(metadata, "metadata")?,
        "{targets} is not beside {metadata}: a node has one address for both"
    );
    Ok(())
}

fn base(url: &Url, name: &str) -> Result<Url> {
    let text = url.as_str().trim_end_matches('/');
    let base = text.strip_suffix(&format!("/{name}"));
    let base = base.with_context(|| format!("{url} does not end in /{name}"))?;
    Ok(format!("{base}/").parse()?)
}

#[cfg(test)]
mod tests {
    use super::{is_beside, source};

    #[test]
    fn one_address_for_two() {
        let url = |text: &str| text.parse().unwrap();
        let shown = |text| source(&url(text)).map(|source| source.to_string()).ok();
        let expected = Some("http://127.0.0.1:80/a%20case/".replace(":80", ""));
        assert_eq!(shown("http://127.0.0.1/a%20case/metadata/"), expected);
        assert_eq!(shown("http://127.0.0.1/a%20case/metadata"), expected);
        assert_eq!(shown("http://127.0.0.1/a%20case/"), None);
        let metadata = url("http://127.0.0.1/one/metadata/");
        is_beside(&url("http://127.0.0.1/one/targets"), &metadata).unwrap();
        is_beside(&url("http://127.0.0.1/two/targets"), &metadata).unwrap_err();
    }
}
