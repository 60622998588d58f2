//! Whom to trust: the platform, or the certificates of one file. ring is the only provider.

use std::path::Path;
use std::sync::Arc;

use rustls::ClientConfig;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls_platform_verifier::BuilderVerifierExt;

use super::setup::ShopSetupError;

/// The TLS settings of all connections of a run; HTTP/1.1 only, which is what was measured.
pub(super) fn client_config(ca_file: Option<&Path>) -> Result<Arc<ClientConfig>, ShopSetupError> {
    let problem = |problem: String| ShopSetupError::Tls { problem };
    let builder =
        ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| problem(error.to_string()))?;
    let builder = match ca_file {
        Some(path) => builder.with_root_certificates(roots(path)?),
        None => builder.with_platform_verifier().map_err(|error| {
            problem(format!("{error}; name a file of certificates to trust as `ca_file`"))
        })?,
    };
    let mut config = builder.with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

fn roots(path: &Path) -> Result<rustls::RootCertStore, ShopSetupError> {
    let problem = |problem: &dyn std::fmt::Display| ShopSetupError::Tls {
        problem: format!("ca_file {}: {problem}", path.display()),
    };
    let mut roots = rustls::RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(path).map_err(|error| problem(&error))? {
        let certificate = certificate.map_err(|error| problem(&error))?;
        roots.add(certificate).map_err(|error| problem(&error))?;
    }
    if roots.is_empty() {
        return Err(problem(&"no certificate in it; give a PEM file"));
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
