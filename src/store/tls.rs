//! When a Postgres connection is encrypted, and what is checked.
//!
//! Without `sslmode`: nothing on loopback and Unix sockets, certificate and name everywhere else.

use std::path::Path;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use rustls_platform_verifier::BuilderVerifierExt;
use text::bounded_file::{self, CERTIFICATES_BYTES_MAX};

use super::open_error::StoreOpenError;
use super::survey::Encryption;
use super::url::{PostgresUrl, SslMode};

/// What of TLS this URL asks for: never `Prefer`, which may be plain text unseen.
fn mode(url: &PostgresUrl) -> Result<SslMode, StoreOpenError> {
    match (url.ssl_mode, url.is_local()) {
        (None | Some(SslMode::Prefer), true) => Ok(SslMode::Disable),
        (None, false) => Ok(SslMode::VerifyFull),
        (Some(SslMode::Prefer), false) => Err(StoreOpenError::PreferRefused { host: url.host() }),
        (Some(mode), true | false) => Ok(mode),
    }
}

/// In words: what is encrypted, and what is checked.
pub(super) fn encryption(
    url: &PostgresUrl,
    ca_file: Option<&Path>,
) -> Result<Encryption, StoreOpenError> {
    let ca_file = url.ca_file.as_deref().or(ca_file).map(Path::to_path_buf);
    match (mode(url)?, ca_file) {
        (SslMode::Disable | SslMode::Prefer, _) if url.is_local() => Ok(Encryption::PlainLocal),
        (SslMode::Disable | SslMode::Prefer, _) => Ok(Encryption::Plain),
        (SslMode::Require, None) => Ok(Encryption::Unchecked),
        (SslMode::Require | SslMode::VerifyFull, Some(path)) => {
            roots(&path).map(|_| Encryption::Checked(Some(path.clone())))
        }
        (SslMode::VerifyFull, None) => Ok(Encryption::Checked(None)),
    }
}

/// The TLS settings of this URL; `None` for plain text. `ca_file` counts if the URL names none.
///
/// # Errors
/// [`StoreOpenError::PreferRefused`], [`StoreOpenError::CaFile`], [`StoreOpenError::Other`].
pub(super) fn settings(
    url: &PostgresUrl,
    ca_file: Option<&Path>,
) -> Result<Option<Arc<ClientConfig>>, StoreOpenError> {
    let ca_file = url.ca_file.as_deref().or(ca_file);
    let mode = mode(url)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|e| StoreOpenError::Other { cause: e.to_string() })?;
    let config = match (mode, ca_file) {
        (SslMode::Disable | SslMode::Prefer, _) => return Ok(None),
        (SslMode::Require, None) => {
            tracing::warn!(
                host = url.host(),
                "sslmode=require: encrypted, but the server's certificate is not checked"
            );
            let verifier = Arc::new(Unchecked { provider });
            builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth()
        }
        (SslMode::Require | SslMode::VerifyFull, Some(path)) => {
            builder.with_root_certificates(roots(path)?).with_no_client_auth()
        }
        (SslMode::VerifyFull, None) => builder
            .with_platform_verifier()
            .map_err(|e| StoreOpenError::Other { cause: format!("platform roots: {e}") })?
            .with_no_client_auth(),
    };
    Ok(Some(Arc::new(config)))
}

fn roots(path: &Path) -> Result<RootCertStore, StoreOpenError> {
    let unusable = |cause: String| StoreOpenError::CaFile { path: path.to_owned(), cause };
    let mut store = RootCertStore::empty();
    let pem = bounded_file::bytes(path, CERTIFICATES_BYTES_MAX);
    let pem = pem.map_err(|unread| unusable(unread.to_string()))?;
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let certificate = certificate.map_err(|e| unusable(e.to_string()))?;
        store.add(certificate).map_err(|e| unusable(e.to_string()))?;
    }
    if store.is_empty() { Err(unusable("no certificate in it".into())) } else { Ok(store) }
}

/// `sslmode=require` without a CA file, as libpq defines it: whoever answers is believed.
#[derive(Debug)]
struct Unchecked {
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Unchecked {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::url::StoreUrl;

    fn decided(text: &str) -> Result<bool, StoreOpenError> {
        match StoreUrl::parse(text).unwrap() {
            StoreUrl::Postgres(url) => settings(&url, None).map(|tls| tls.is_some()),
            StoreUrl::Sqlite(path) => panic!("{}", path.display()),
        }
    }

    #[test]
    fn loopback_is_plain_and_a_remote_host_is_checked_by_default() {
        assert!(!decided("postgres://u@127.0.0.1/d").unwrap());
        assert!(!decided("postgres://u@localhost/d?sslmode=prefer").unwrap());
        assert!(decided("postgres://u@db.example.com/d").unwrap());
    }

    #[test]
    fn an_explicit_mode_is_honoured() {
        assert!(!decided("postgres://u@db.example.com/d?sslmode=disable").unwrap());
        assert!(decided("postgres://u@db.example.com/d?sslmode=require").unwrap());
        assert!(decided("postgres://u@localhost/d?sslmode=verify-full").unwrap());
    }

    #[test]
    fn prefer_is_refused_for_a_remote_host() {
        let error = decided("postgres://u@db.example.com/d?sslmode=prefer").unwrap_err();
        assert!(matches!(error, StoreOpenError::PreferRefused { .. }), "{error}");
    }

    #[test]
    fn a_missing_ca_file_is_named() {
        let error = decided("postgres://u@h.example/d?sslrootcert=/nowhere/ca.pem").unwrap_err();
        assert!(error.to_string().contains("/nowhere/ca.pem"), "{error}");
    }
}
