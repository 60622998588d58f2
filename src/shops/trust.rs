//! Whom HTTPS trusts: the platform, or the certificates of one file. ring is the only provider.

use std::path::Path;
use std::sync::Arc;

use rustls::ClientConfig;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls_platform_verifier::BuilderVerifierExt;
use text::bounded_file::{self, CERTIFICATES_BYTES_MAX};

/// Why no trust can be set up: what is wrong and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct TrustError(
    /// In words.
    pub String,
);

/// The TLS settings of a client; HTTP/1.1 only, which is what was measured.
pub fn client_config(ca_file: Option<&Path>) -> Result<Arc<ClientConfig>, TrustError> {
    let builder =
        ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| TrustError(error.to_string()))?;
    let builder = match ca_file {
        Some(path) => builder.with_root_certificates(roots(path)?),
        None => builder.with_platform_verifier().map_err(|error| {
            TrustError(format!("{error}; name a file of certificates to trust as `ca_file`"))
        })?,
    };
    let mut config = builder.with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// The certificates of a PEM file, at least one.
pub fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TrustError> {
    let problem = |problem: &dyn std::fmt::Display| {
        TrustError(format!("ca_file {}: {problem}", path.display()))
    };
    let pem = bounded_file::bytes(path, CERTIFICATES_BYTES_MAX).map_err(|error| problem(&error))?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    let found = found.map_err(|error| problem(&error))?;
    if found.is_empty() {
        return Err(problem(&"no certificate in it; give a PEM file"));
    }
    Ok(found)
}

fn roots(path: &Path) -> Result<rustls::RootCertStore, TrustError> {
    let mut roots = rustls::RootCertStore::empty();
    for certificate in certificates(path)? {
        roots
            .add(certificate)
            .map_err(|error| TrustError(format!("ca_file {}: {error}", path.display())))?;
    }
    Ok(roots)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_certificates_is_refused_by_name() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let error = client_config(Some(file.path())).map(|_| ()).unwrap_err().to_string();
        assert!(error.contains(&file.path().display().to_string()), "{error}");
        assert!(client_config(Some(Path::new("/nowhere.pem"))).is_err());
    }
}
