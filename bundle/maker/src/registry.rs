//! Images from OCI registries.

use crate::document::{Document, hex, no_image};
use crate::error::MakeError;
use crate::layout::Layout;
use crate::names::parse;
use docker_credential::DockerCredential;
use host::with_causes;
use oci_client::client::{ClientConfig, ClientProtocol};
use oci_client::errors::OciDistributionError;
use oci_client::manifest::{
    IMAGE_MANIFEST_LIST_MEDIA_TYPE, IMAGE_MANIFEST_MEDIA_TYPE, OCI_IMAGE_INDEX_MEDIA_TYPE,
    OCI_IMAGE_MEDIA_TYPE, OciDescriptor,
};
use oci_client::secrets::RegistryAuth;
use oci_client::{Client, Reference};
use oci_spec::image::Descriptor;
use std::fmt;
use std::future::Future;
use std::time::Duration;

/// A registry is a server on a network: what failed may pass.
const TRIES: u32 = 3;
const PAUSE: Duration = Duration::from_secs(2);
/// No byte for so long is a failure.
const SILENCE: Duration = Duration::from_secs(60);
/// All registries, with what `docker login` and `podman login --compat-auth-file` left.
pub(crate) struct Registry {
    client: Client,
}

impl fmt::Debug for Registry {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Registry")
    }
}

impl Registry {
    /// `plain` are registries without TLS, with their ports.
    pub(crate) fn new(plain: &[String]) -> Registry {
        // A second provider is refused, and this one is the same.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::new(ClientConfig {
            protocol: ClientProtocol::HttpsExcept(plain.to_vec()),
            connect_timeout: Some(SILENCE),
            read_timeout: Some(SILENCE),
            user_agent: "holdfast",
            ..ClientConfig::default()
        });
        Registry { client }
    }

    /// A manifest or an index: of an image's name, or by its digest.
    pub(crate) async fn document(
        &self,
        name: &str,
        digest: Option<&str>,
    ) -> Result<Document, MakeError> {
        let mut reference = parse(name).map_err(|why| no_image(name, why))?;
        if let Some(digest) = digest {
            reference = reference.clone_with_digest(format!("sha256:{digest}"));
        }
        let auth = credentials(&reference);
        let types = [
            OCI_IMAGE_INDEX_MEDIA_TYPE,
            IMAGE_MANIFEST_LIST_MEDIA_TYPE,
            OCI_IMAGE_MEDIA_TYPE,
            IMAGE_MANIFEST_MEDIA_TYPE,
        ];
        let pull = || self.client.pull_manifest_raw(&reference, &auth, &types);
        let (bytes, _) = tried(pull).await.map_err(|error| refused(name, &error))?;
        let document = Document::new(bytes.to_vec());
        match reference.digest() {
            Some(digest) if digest != format!("sha256:{}", document.digest) => Err(no_image(
                name,
                format!("its registry gave something else than {digest}"),
            )),
            _ => Ok(document),
        }
    }

    /// A blob into the layout; its bytes are compared with its digest, and it is there when it is whole.
    pub(crate) async fn blob(
        &self,
        name: &str,
        blob: &Descriptor,
        layout: &Layout,
    ) -> Result<(), MakeError> {
        let reference = parse(name).map_err(|why| no_image(name, why))?;
        let layer = OciDescriptor {
            digest: blob.digest().to_string(),
            size: blob.size() as i64,
            ..OciDescriptor::default()
        };
        let digest = hex(name, blob)?;
        let pull = || async {
            let mut file = layout.begin(&digest, blob.size())?;
            self.client.pull_blob(&reference, &layer, &mut file).await?;
            Ok(file.finish()?)
        };
        tried(pull).await.map_err(|error| match error {
            OciDistributionError::IoError(source) => MakeError::write(layout.path(&digest))(source),
            error => refused(name, &error),
        })
    }
}

/// Tries again what may pass: not what a registry says no to, nor what this disk does not take.
async fn tried<T, F: Future<Output = Result<T, OciDistributionError>>>(
    run: impl Fn() -> F,
) -> Result<T, OciDistributionError> {
    let mut tries = 1;
    loop {
        match run().await {
            Err(error) if tries < TRIES && may_pass(&error) => {
                tokio::time::sleep(PAUSE * tries).await;
                tries += 1;
            }
            done => return done,
        }
    }
}

fn may_pass(error: &OciDistributionError) -> bool {
    match error {
        OciDistributionError::RequestError(_) | OciDistributionError::DigestError(_) => true,
        OciDistributionError::ServerError { code, .. } => *code >= 500 || *code == 429,
        _ => false,
    }
}

fn refused(name: &str, error: &OciDistributionError) -> MakeError {
    MakeError::Registry {
        image: name.to_owned(),
        why: with_causes(error),
    }
}

/// What Docker's configuration has for a registry; without one, nobody in particular.
fn credentials(reference: &Reference) -> RegistryAuth {
    let (registry, asked) = (reference.registry(), reference.resolve_registry());
    // Docker notes the one registry that is asked under another name than images have it by its old address.
    let server = match registry == asked {
        true => registry.to_owned(),
        false => format!("https://{asked}/v1/"),
    };
    match docker_credential::get_credential(&server) {
        Ok(DockerCredential::UsernamePassword(user, password)) => {
            RegistryAuth::Basic(user, password)
        }
        Ok(DockerCredential::IdentityToken(token)) => RegistryAuth::Bearer(token),
        Err(_) => RegistryAuth::Anonymous,
    }
}
