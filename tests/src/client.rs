//! Clients of HTTP for servers on this machine.
//!
//! Not here: what is said to them.

/// A client of no proxy. The cryptography, which reqwest is built without, is there from then on, whichever test is the
/// first of its process.
pub fn client() -> reqwest::ClientBuilder {
    // Somebody else may have been first.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy()
}
