//! A stick that installs and brings the bundle: the image that `holdfast bundle --image` writes.

use anyhow::{Context, bail};
use bundle_maker::{Platform, StickConfig};
use flash::image::{Image, Patch};
use flash::stick::with_bundle;
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// An image to be made, and where its bundle is made first.
pub(super) struct Bootable {
    image: Image,
    config: Option<Patch>,
    /// The file of the image.
    pub(super) output: PathBuf,
    /// Beside it: it has the room that the image needs.
    folder: TempDir,
}

impl Bootable {
    /// Looks at all that is needed before anything is fetched.
    pub(super) fn open(
        path: &Path,
        output: &Path,
        config: Option<&StickConfig>,
        platforms: &[Platform],
    ) -> anyhow::Result<Self> {
        let unusable = || format!("{} cannot be used", path.display());
        let image = Image::open(path).with_context(unusable)?;
        image.check_whole().with_context(unusable)?;
        if let Some(own) = image.platform()
            && let Some(wrong) = misfit(own, platforms)
        {
            bail!("{} {wrong}", path.display());
        }
        if output.is_dir() {
            bail!(
                "{} is a folder: with --image, --output is the file of the new image, stick.img",
                output.display()
            );
        }
        let config =
            config.map(|it| Patch::with_config(&image, &it.text, it.signatures.as_deref()));
        let config = config.transpose().with_context(unusable)?;
        let beside = output.parent().filter(|folder| *folder != Path::new(""));
        let beside = beside.unwrap_or(Path::new("."));
        let folder = tempfile::Builder::new()
            .prefix(".bundle-")
            .tempdir_in(beside);
        let folder = folder.with_context(|| format!("cannot write in {}", beside.display()))?;
        Ok(Self {
            image,
            config,
            output: output.to_owned(),
            folder,
        })
    }

    /// Where the bundle is made.
    pub(super) fn bundle(&self) -> PathBuf {
        self.folder.path().join("bundle")
    }

    /// Writes the image. Under its name is the old one, or the whole new one.
    pub(super) fn write(&self) -> anyhow::Result<()> {
        let partial = self.folder.path().join("stick.img");
        with_bundle(&self.image, self.config.as_ref(), &self.bundle(), &partial)
            .context("no image was written")?;
        fs::rename(&partial, &self.output)
            .with_context(|| format!("cannot write {}", self.output.display()))
    }
}

/// What is wrong with a bundle for these platforms on an image for `own`.
fn misfit(own: &str, platforms: &[Platform]) -> Option<String> {
    let names: Vec<&str> = platforms.iter().map(|it| it.architecture()).collect();
    (!names.contains(&own)).then(|| {
        format!(
            "installs machines that are {own}, and the bundle is for {} alone: they could use nothing of it; say --platform {own}, which may be \
             given twice",
            names.join(", ")
        )
    })
}

#[cfg(test)]
mod tests {
    use super::misfit;
    use bundle_maker::Platform::{Amd64, Arm64};

    #[test]
    fn a_stick_that_installs_brings_what_the_machine_can_use() {
        for (own, platforms, fits) in [
            ("amd64", &[Amd64][..], true),
            ("amd64", &[Arm64, Amd64], true),
            ("arm64", &[Amd64], false),
            ("amd64", &[Arm64], false),
        ] {
            let said = misfit(own, platforms);
            assert_eq!(said.is_none(), fits, "{own}: {said:?}");
            if let Some(said) = said {
                let wanted = format!("installs machines that are {own}, and");
                assert!(said.starts_with(&wanted), "{said}");
                assert!(said.contains(&format!("say --platform {own}")), "{said}");
            }
        }
    }
}
